"""The work: the input of every solution, and the answer that it must return.

The input is `customer_id`, `order_time`, `amount`. The answer has one row per customer with a
purchase (`amount >= 0`):

- `first_order`, `last_order`: times of the earliest and latest purchase;
- `recency_days`: days from the UTC date of `last_order` to the UTC date of the newest row;
- `frequency`: number of purchases; for order lines, their number of distinct `order_id`;
- `monetary`: exact net sum of all rows in cents, including refunds, each rounded half-even;
- `r_score`, `f_score`, `m_score`: 1 + number of cut points below the value (for recency: 6 minus
  this score); the i-th of four cut points is the smallest value with at least ceil(i n / 5)
  customers at or below it;
- `segment`: the segment in the scheme `classic`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet

from rfm_engine.errors import UsageError
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.simulate import Ids

MEASURES = (
    "customer_id", "first_order", "last_order", "recency_days", "frequency", "monetary",
)  # fmt: skip
COLUMNS = (*MEASURES, "r_score", "f_score", "m_score", "segment")
_BINS = Bins(5, 5, 5)


class Input(NamedTuple):
    """A file of orders, and its properties."""

    path: Path
    rows: int
    bytes: int
    id_type: str
    ids: Ids | None
    """The type of simulated ids, None for other files."""
    format: str = "parquet"
    """See `rfm_engine.bench.files`."""

    @property
    def has_int_ids(self) -> bool:
        """Whether customer ids are integers; a CSV file does not contain this information."""
        return "int" in self.id_type

    @property
    def is_csv(self) -> bool:
        """Whether it is a CSV file."""
        return self.format == "csv"


def open_input(path: Path, *, lines: bool, ids: Ids | None = None) -> Input:
    """Open a Parquet file and check its columns, without reading rows.

    Raises
    ------
    UsageError
        It is not a Parquet file, or a column is missing.
    """
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(
            f"input must be a Parquet file; got {str(path)!r} ({error}). Name one file."
        ) from None
    with file:
        names = file.schema_arrow.names
        for column in needed_columns(lines=lines):
            if column not in names:
                raise UsageError(
                    f"input {str(path)!r} must have the column {column}; got "
                    f"{', '.join(names)}. Rename the columns."
                )
        id_type = str(file.schema_arrow.field("customer_id").type)
        return Input(path.resolve(), file.metadata.num_rows, path.stat().st_size, id_type, ids)


def needed_columns(*, lines: bool) -> list[str]:
    """Return the columns that the work needs."""
    return ["customer_id", "order_time", "amount", *(["order_id"] if lines else [])]


def segment_of_cells() -> list[str]:
    """Return the segment of each of the 125 cells (r, f, m); m varies fastest."""
    scheme = load_scheme("classic")
    return [scheme.segments[number].name for number in scheme.layout(_BINS).tolist()]
