"""Frames and relations of other libraries, known by what they can do and never imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from rfm_engine.orders.place import require_columns
from rfm_engine.orders.sources.memory import NAME, BatchSource, StreamSource, of_reader, of_table


def is_lazy(orders: object) -> bool:
    """Whether ``orders`` is a lazy frame in the manner of Polars."""
    return all(hasattr(orders, name) for name in ("collect_batches", "collect_schema", "select"))


def of_lazy(frame: Any, needed: Sequence[str]) -> StreamSource:
    """Collect the needed columns of a lazy frame batch by batch."""
    held = frame.collect_schema()
    require_columns(held.names(), needed, NAME)
    chosen = frame.select(list(needed))
    schema = pa.RecordBatchReader.from_stream(chosen.collect_schema().to_frame()).schema
    return StreamSource(schema, None, lambda: _collected(chosen))


def of_stream(orders: Any, needed: Sequence[str]) -> StreamSource | BatchSource:
    """Read anything with ``__arrow_c_stream__``, cut to the needed columns where it can be."""
    if type(orders).__module__.partition(".")[0] == "pandas":
        return _of_pandas(orders, needed)
    narrow = _narrowed(orders, needed)
    n_rows = getattr(orders, "height", None)
    again = None if isinstance(orders, Iterator) else lambda: _opened(narrow)
    return of_reader(_opened(narrow), needed, again, n_rows if isinstance(n_rows, int) else None)


def _of_pandas(frame: Any, needed: Sequence[str]) -> BatchSource:
    """Convert the needed columns; the stream of a pandas frame would convert all of them."""
    require_columns([*frame.columns, *filter(None, frame.index.names)], needed, NAME)
    names = [name for name in needed if name in frame.columns]
    # A needed name that is no column is a level of the index, which comes as a column.
    table = pa.Table.from_pandas(frame, columns=names, preserve_index=len(names) < len(needed))
    return of_table(table, needed)


def _narrowed(orders: Any, needed: Sequence[str]) -> Any:
    """Let a Polars frame or a DuckDB relation leave out what is not needed."""
    columns = getattr(orders, "columns", None)
    if not isinstance(columns, list):
        return orders
    if hasattr(orders, "lazy") and hasattr(orders, "height"):
        require_columns(columns, needed, NAME)
        return orders.select(list(needed))
    if hasattr(orders, "project"):
        require_columns(columns, needed, NAME)
        return orders.project(", ".join('"' + name.replace('"', '""') + '"' for name in needed))
    return orders


def _collected(frame: Any) -> Iterator[pa.RecordBatch]:
    for part in frame.collect_batches():
        yield from _opened(part)


def _opened(orders: Any) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_stream(orders)
