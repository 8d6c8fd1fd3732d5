"""The work: what every solution is given, and what it has to answer.

From `customer_id`, `order_time`, `amount`, for each customer with a purchase (`amount >= 0`):

- `first_order`, `last_order`: times of the earliest and latest purchase;
- `recency_days`: from the UTC date of `last_order` to that of the newest row;
- `frequency`: number of purchases; of order lines, distinct `order_id` among them;
- `monetary`: exact net sum of all rows in cents, refunds included, each rounded half-even;
- `r_score`, `f_score`, `m_score`: 1 + number of cut points below the value (recency: 6 - that);
  the i-th of four cut points is the smallest value with at least ceil(i n / 5) customers at or
  below it;
- `segment`: that of the scheme `classic`.
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
    """A file of orders, and what is known of it beforehand."""

    path: Path
    rows: int
    bytes: int
    id_type: str
    ids: Ids | None
    """The kind of simulated ids."""
    format: str = "parquet"
    """See `rfm_engine.bench.files`."""

    @property
    def has_int_ids(self) -> bool:
        """Whether customer ids are integers; a CSV file does not say so."""
        return "int" in self.id_type

    @property
    def is_csv(self) -> bool:
        """Whether it is a CSV file."""
        return self.format == "csv"


def open_input(path: Path, *, lines: bool, ids: Ids | None = None) -> Input:
    """Look at a Parquet file without reading its rows.

    Raises
    ------
    UsageError
        It is no Parquet file, or a column is missing.
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
    """Return the columns that the work looks at."""
    return ["customer_id", "order_time", "amount", *(["order_id"] if lines else [])]


def segment_of_cells() -> list[str]:
    """Return the segment of each of the 125 cells (r, f, m), m running fastest."""
    scheme = load_scheme("classic")
    return [scheme.segments[number].name for number in scheme.layout(_BINS).tolist()]
