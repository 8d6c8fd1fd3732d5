"""Read lists and iterators of tables, frames and record batches, in any mixture."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TypeAlias

import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.orders.place import Source, require_columns
from rfm_engine.orders.sources.memory import NAME, BatchSource, StreamSource, chosen
from rfm_engine.orders.sources.tables.opening import is_table, parts_of, refuse_overlap

Opener: TypeAlias = Callable[[object, str], Source]
"""A function that opens one object in memory under a name, with only the needed columns."""


def openers_of(
    items: Sequence[object], needed: Sequence[str], open_one: Opener
) -> list[Callable[[], Source]]:
    """Return functions that open the items of a list; each source is named by its index.

    Consecutive record batches with the same types are one source, which threads share. A table is
    one source per file.

    Raises
    ------
    UsageError
        A table is given twice.
    """
    runs = [
        list(run)
        for _, run in groupby(enumerate(items), lambda item: _schema_of(item[1], needed, item[0]))
    ]
    tables = {run[0][0]: parts_of(run[0][1]) for run in runs if is_table(run[0][1])}
    refuse_overlap([(items[index], parts) for index, parts in tables.items()])
    openers: list[Callable[[], Source]] = []
    for run in runs:
        parts = tables.get(run[0][0])
        if parts is None:
            openers.append(_opener(run, needed, open_one, alone=len(runs) == 1))
        else:
            openers += [partial(part.open, needed) for part in parts]
    return openers


def _schema_of(item: object, needed: Sequence[str], index: int) -> object:
    """Return a key that consecutive items of one source have in common."""
    if not isinstance(item, pa.RecordBatch):
        return index
    held = item.schema
    return tuple(held.field(name).type for name in needed if held.names.count(name) == 1)


def _opener(
    run: Sequence[tuple[int, object]], needed: Sequence[str], open_one: Opener, *, alone: bool
) -> Callable[[], Source]:
    index, first = run[0]
    name = NAME if alone else f"{NAME}[{index}]"
    if not isinstance(first, pa.RecordBatch):
        return lambda: open_one(first, name)
    batches = [item for _, item in run if isinstance(item, pa.RecordBatch)]
    return lambda: of_batches(batches, needed, name)


def of_batches(
    batches: Sequence[pa.RecordBatch], needed: Sequence[str], name: str = NAME
) -> BatchSource:
    """Select the needed columns of batches in memory by name, for each batch separately."""
    require_columns(batches[0].schema.names, needed, name)
    names = tuple(needed)
    cut = tuple(chosen(batch, index, names) for index, batch in enumerate(batches))
    return BatchSource(pa.schema(list(cut[0].schema)), cut, sum(map(len, cut)), name)


def of_iterator(items: Iterator[object], needed: Sequence[str], open_one: Opener) -> StreamSource:
    """Select the needed columns of the items of an iterator; the first item is read now.

    Raises
    ------
    UsageError
        The iterator yields nothing.
    """
    batches = _batches(items, needed, open_one)
    first = next(batches, None)
    if first is None:
        raise UsageError(
            "an iterator of orders must yield at least one record batch; got none. "
            "Yield an empty batch with the columns."
        )
    schema = pa.schema([first.schema.field(name) for name in needed])
    return StreamSource(schema, _resumed(first, batches), None)


def _resumed(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _batches(
    items: Iterator[object], needed: Sequence[str], open_one: Opener
) -> Iterator[pa.RecordBatch]:
    for index, item in enumerate(items):
        if isinstance(item, pa.RecordBatch):
            if index == 0:
                require_columns(item.schema.names, needed, NAME)
            yield item
            continue
        if isinstance(item, str | os.PathLike):
            raise UsageError(
                "an iterator of orders must yield tables, frames or record batches; got a path. "
                "Give a list of paths."
            )
        if is_table(item):
            raise UsageError(
                f"an iterator of orders must yield tables of Arrow, frames or record batches; got "
                f"{type(item).__name__}. Give a list of them."
            )
        source = open_one(item, f"{NAME}[{index}]")
        n_batches = 0
        for read in source.reads():
            for batch, _ in read:
                n_batches += 1
                yield batch
        if not n_batches:
            yield pa.RecordBatch.from_pylist([], schema=source.schema)
