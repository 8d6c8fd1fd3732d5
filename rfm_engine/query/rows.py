"""Open the rows that belong to a snapshot: orders, or a folder of normalised rows in buckets."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.errors import DataError, UsageError, shown_cause
from rfm_engine.kernels.arrays import is_text
from rfm_engine.normalize import write_normalized
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import TotalsOptions
from rfm_engine.options.messages import message, named
from rfm_engine.orders.buckets import MOST_BUCKETS
from rfm_engine.orders.reading import NOT_COMPARED
from rfm_engine.orders.row_columns import CUSTOMER, ORDER, QUANTITY
from rfm_engine.orders.stream import METADATA_KEY
from rfm_engine.output.atomic import MARKER
from rfm_engine.query.snapshot_options import shown_option
from rfm_engine.result.snapshot import Snapshot

_ROWS_A_FILE = 1_500_000
# Options that belong to scores, or whose value may be written differently.
_UNCOMPARED = {*NOT_COMPARED, "as_of", "clv", "clv_unit", "rates", "amount_scale"}

_ALWAYS = {CUSTOMER, "moment", "local", "day", "minor"}
# Other columns that normalised rows have with an option; without it the user may carry others.
_OF_OPTIONS = {
    ORDER: "order", QUANTITY: "quantity", "units": "units", "disc_minor": "discount",
    "list_minor": "list", "cost_minor": "cost",
}  # fmt: skip


class BucketFolder(NamedTuple):
    """A folder of normalised rows; each customer is in one of the files."""

    files: tuple[Path, ...]
    schema: pa.Schema
    options: Mapping[str, Any]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    @property
    def own(self) -> list[str]:
        """The names of the columns that are computed; others are groups and copied columns."""
        options = self.options
        named = {column for column, option in _OF_OPTIONS.items() if options.get(option)}
        return [name for name in self.columns if name in _ALWAYS or name in named]

    @property
    def texts(self) -> list[str]:
        """The names of the columns that are text."""
        return [field.name for field in self.schema if is_text(field.type)]


def bucket_folder(place: Path, snapshot: Snapshot, until: date | None = None) -> BucketFolder:
    """Open a folder that `rfm normalize --buckets` wrote.

    Parameters
    ----------
    until
        A day that the rows must go on to; then they must have all orders before, and no window.
        None: they are those of the snapshot.

    Raises
    ------
    UsageError
        The rows were normalised with other options than those of the snapshot, or end too early.
    """
    files = tuple(sorted(place.glob("part-*.parquet")))
    schema = _schema_of(place / MARKER)
    about = json.loads(schema.metadata[METADATA_KEY])
    if about["buckets"] != len(files):
        raise UsageError(
            f"folder {str(place)!r} must have all of its {about['buckets']} files; got "
            f"{len(files)}. Normalise the orders again."
        )
    own = about["options"] | {"as_of": about["as_of"]}
    asked = _reading_options(snapshot) | {"as_of": snapshot.as_of and snapshot.as_of.isoformat()}
    if until is not None:
        _refuse_early(str(place), own["as_of"], until)
        asked |= {"as_of": own["as_of"], "window": None}
    for name in own.keys() & asked.keys() - _UNCOMPARED | {"as_of"}:
        mine, theirs = _plain(own[name]), _plain(asked[name])
        if mine != theirs:
            raise UsageError(
                message(
                    "{} of the rows in {!r} must be {}, as in the snapshot; got {}. Normalise the "
                    "orders again with the options of the snapshot, or give the rows of this "
                    "snapshot.",
                    named(name), str(place), shown_option(theirs), shown_option(mine),
                )
            )  # fmt: skip
    return BucketFolder(files, schema, own)


def _refuse_early(place: str, as_of: str, until: date) -> None:
    if as_of < until.isoformat():
        raise UsageError(
            message(
                "rows in {!r} must go on to {}; got {as_of} {}. Normalise the orders again with a "
                "later date.",
                place, until, as_of,
            )
        )  # fmt: skip


def folder_columns(place: Path) -> list[str]:
    """Return the columns of a folder that `rfm normalize --buckets` wrote."""
    return list(_schema_of(place / MARKER).names)


def only_input(rows: object) -> object:
    """Return the input of a list that has one input, and anything else unchanged."""
    return rows[0] if isinstance(rows, list | tuple) and len(rows) == 1 else rows


def is_bucket_folder(place: object) -> bool:
    """Return whether a path is a folder that `rfm normalize --buckets` wrote.

    Raises
    ------
    DataError
        The file that says so is damaged.
    """
    if not isinstance(place, str | os.PathLike):
        return False
    marker = Path(place) / MARKER
    if not marker.is_file():
        return False
    about = (_schema_of(marker).metadata or {}).get(METADATA_KEY)
    return about is not None and json.loads(about)["buckets"] is not None


def _schema_of(marker: Path) -> pa.Schema:
    try:
        return pq.read_schema(marker)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"file {str(marker)!r} must be undamaged Parquet; got {shown_cause(error)}. Normalise "
            "the orders again."
        ) from error


def normalise_into(
    orders: object, folder: Path, snapshot: Snapshot, carry: Sequence[str],
    until: date | None = None, **running: Any,
) -> BucketFolder:  # fmt: skip
    """Write the rows that the snapshot counts to a new folder of buckets.

    With `until` all rows are written, also those before and after the days of the snapshot.
    """
    left_out = {"clv", "clv_unit", "as_of", *([] if until is None else ["window"])}
    given: dict[str, Any] = {
        name: value
        for name, value in _reading_options(snapshot).items()
        if value is not None and value != () and name not in left_out
    }
    n_buckets = min(1 + snapshot.rows.counted // _ROWS_A_FILE, MOST_BUCKETS)
    as_of = date.min if snapshot.as_of is None else snapshot.as_of
    as_of = as_of if until is None else date.max
    write_normalized(
        orders, folder, as_of=as_of, buckets=n_buckets, carry=list(carry), **given, **running
    )
    return bucket_folder(folder, snapshot, until)


def _reading_options(snapshot: Snapshot) -> dict[str, Any]:
    return {
        name: snapshot.options[name] for name in declared(TotalsOptions) if name in snapshot.options
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | list) else value
