"""The customers of a snapshot by group, from one pass over its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.result.pieces import Piece, Room
from rfm_engine.result.snapshot import Snapshot


class RowsByGroup:
    """The rows of some groups of a snapshot, read once.

    Parameters
    ----------
    snapshot
        It has the option `by`.
    groups
        The groups, of the type of their column and without repetition; a null is the null group.
    names
        The columns to keep.
    room
        Memory for the rows; the other rows are on disk.
    """

    def __init__(
        self, snapshot: Snapshot, groups: pa.Array[Any], names: Sequence[str], room: Room
    ) -> None:
        by = snapshot.schema.names[1]
        self._schema = pa.schema([_plain(snapshot.schema.field(name)) for name in names])
        self._pieces: list[list[Piece]] = [[] for _ in range(len(groups))]
        for block in snapshot.blocks(list(dict.fromkeys([*names, by]))):
            numbers = _numbers(block[by], groups)
            rows = block.select(list(names)).cast(self._schema)
            self._keep(rows.filter(pc.is_valid(numbers)), numbers.drop_null(), room)

    def table(self, number: int) -> pa.Table:
        """Return the rows of the n-th group; it can have none."""
        batches = [read() for read in self._pieces[number]]
        return pa.Table.from_batches(batches, self._schema)

    def _keep(self, rows: pa.Table, numbers: pa.ChunkedArray[Any], room: Room) -> None:
        own = numbers.to_numpy()
        order = np.argsort(own, kind="stable")
        limits = np.searchsorted(own[order], np.arange(len(self._pieces) + 1))
        start = 0
        # Texts of more than 2 GiB are in several batches.
        for batch in rows.take(pa.array(order)).combine_chunks().to_batches():
            bounds = np.clip(limits - start, 0, batch.num_rows)
            for pieces, piece in zip(self._pieces, room.keep(batch, bounds), strict=True):
                pieces.append(piece)
            start += batch.num_rows


def _plain(field: pa.Field[Any]) -> pa.Field[Any]:
    """Return a field without its dictionary, because each batch may have another one."""
    kind = field.type
    return field.with_type(kind.value_type) if isinstance(kind, pa.DictionaryType) else field


def _numbers(column: pa.ChunkedArray[Any], groups: pa.Array[Any]) -> pa.ChunkedArray[Any]:
    """Return the place of the group of each row among `groups`; null for other groups."""
    if isinstance(column.type, pa.UuidType):  # Arrow can search for UUIDs only by their bytes.
        kind, groups = column.type.storage_type, groups.storage
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], kind)
    return pc.index_in(column, value_set=groups)
