"""Read frames and relations of other libraries, recognised by their attributes, not imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.place import require_columns
from rfm_engine.orders.sources.memory import NAME, BatchSource, StreamSource, of_reader, of_table


def is_lazy(orders: object) -> bool:
    """Tell whether ``orders`` is a lazy frame with the interface of Polars."""
    return all(hasattr(orders, name) for name in ("collect_batches", "collect_schema", "select"))


def of_lazy(frame: Any, needed: Sequence[str], name: str = NAME) -> StreamSource:
    """Collect the needed columns of a lazy frame batch by batch."""
    held = frame.collect_schema()
    require_columns(held.names(), needed, name)
    chosen = frame.select(list(needed))
    schema = pa.RecordBatchReader.from_stream(chosen.collect_schema().to_frame()).schema
    return StreamSource(schema, None, lambda: _collected(chosen), name=name)


def of_stream(orders: Any, needed: Sequence[str], name: str = NAME) -> StreamSource | BatchSource:
    """Read any object with ``__arrow_c_stream__``, only the needed columns where possible.

    Raises
    ------
    UsageError
        The object is a single column.
    """
    if type(orders).__module__.partition(".")[0] == "pandas" and hasattr(orders, "columns"):
        return _of_pandas(orders, needed, name)
    narrow = _narrowed(orders, needed, name)
    n_rows = getattr(orders, "height", None)
    again = None if isinstance(orders, Iterator) else lambda: _opened(narrow)
    n_rows = n_rows if isinstance(n_rows, int) else None
    # A frame that has selected its columns has no others.
    columns = needed if narrow is orders else list(needed)
    return of_reader(_opened(narrow), columns, again, n_rows, name)


def _of_pandas(frame: Any, needed: Sequence[str], name: str) -> BatchSource:
    """Convert the needed columns; the stream of a pandas frame would convert all of them."""
    require_columns([*frame.columns, *filter(None, frame.index.names)], needed, name)
    columns = [column for column in needed if column in frame.columns]
    # A needed name that is not a column is a level of the index, which becomes a column.
    has_levels = len(columns) < len(needed)
    try:
        table = pa.Table.from_pandas(frame, columns=columns, preserve_index=has_levels)
    except (pa.ArrowException, OverflowError) as error:
        said = "; ".join(str(each) for each in error.args) or type(error).__name__
        raise DataError(
            f"each column of {name} must have values of one type; got {said}. Convert the column "
            "first, for example with astype."
        ) from error
    return of_table(table, list(needed), name)


def _narrowed(orders: Any, needed: Sequence[str], name: str) -> Any:
    """Let a Polars frame or a DuckDB relation select the needed columns itself."""
    columns = getattr(orders, "columns", None)
    if not isinstance(columns, list):
        return orders
    if hasattr(orders, "lazy") and hasattr(orders, "height"):
        require_columns(columns, needed, name)
        return orders.select(list(needed))
    if hasattr(orders, "project"):
        require_columns(columns, needed, name)
        return orders.project(", ".join('"' + each.replace('"', '""') + '"' for each in needed))
    return orders


def _collected(frame: Any) -> Iterator[pa.RecordBatch]:
    for part in frame.collect_batches():
        yield from _opened(part)


def _opened(orders: Any) -> pa.RecordBatchReader:
    try:
        return pa.RecordBatchReader.from_stream(orders)
    except pa.ArrowInvalid as error:
        if "format string" in str(error):  # the type does not exist in Arrow
            raise DataError(
                f"columns of {type(orders).__name__} must have Arrow types; got {error}. Cast "
                "the column first."
            ) from None
        if "non-struct type" not in str(error):
            raise
        raise UsageError(
            f"orders must be a table or a frame with named columns; got {type(orders).__name__}, "
            "a single column. Put it into a frame with the other columns."
        ) from None
