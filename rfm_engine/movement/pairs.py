"""Two snapshots aligned by customer and group, in pieces, so that they never fill the memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, values, whole
from rfm_engine.kernels.types import Numbers
from rfm_engine.movement.merging import ABSENT, Sorted, merge, room_for
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.id_values import distinct_ids
from rfm_engine.result.id_order import ascending
from rfm_engine.result.snapshot import Snapshot

BEFORE, AFTER = "_before", "_after"
_KEYS = (GROUP, CUSTOMER)

Pieces = Iterator[pa.Table]


class Side(NamedTuple):
    """One of two snapshots: the pieces of its customers, and the suffix of its columns."""

    pieces: Pieces
    suffix: str


class Pairs:
    """The customers of two snapshots side by side.

    Parameters
    ----------
    before, after
        Two snapshots that agree; rows of `overall` are another population.

    Attributes
    ----------
    before, after
        The customers of both, with the same numbers of groups.
    """

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        own = [Customers(before), Customers(after)]
        groups = [each.groups for each in own if each.groups is not None]
        self.groups = _all_groups(groups) if groups else None
        self.before, self.after = (Customers(each.snapshot, self.groups) for each in own)

    def blocks(self, before: Collection[str], after: Collection[str]) -> Pieces:
        """Yield the relation `pairs` in pieces, in the order of customers.

        The columns are `group_id` (0 without groups), `customer_id`, those of `before` with the
        suffix `_before`, and those of `after` with the suffix `_after`. They are null where the
        customer is absent.
        """
        return self.joined(sorted_pieces(self.before, before), sorted_pieces(self.after, after))

    def joined(self, before: Pieces, after: Pieces) -> Pieces:
        """Yield relations of the customers of both snapshots side by side, as `blocks` does."""
        return aligned(Side(before, BEFORE), Side(after, AFTER), self.ranks)

    @cached_property
    def ranks(self) -> Numbers:
        """The place of each group in the order of the rows of a customer, where null is first."""
        n = 1 if self.groups is None else len(self.groups)
        ranks = np.arange(1, n + 1, dtype=np.int32)
        if self.groups is not None and self.groups.null_count:
            ranks[-1] = 0
        return ranks


def sorted_pieces(customers: Customers, names: Collection[str]) -> Pieces:
    """Yield the relation `customers` in the order of ids; it is sorted if the snapshot is not."""
    if customers.snapshot.is_sorted:
        yield from customers.blocks(names)
        return
    table = customers.table(names).combine_chunks()
    ids = [whole(table[CUSTOMER])]
    if customers.groups is not None:
        ids.append(customers.groups.take(whole(table[GROUP])))
    yield table.take(arrow(ascending(ids)))


def aligned(before: Side, after: Side, ranks: Numbers) -> Pieces:
    """Yield the rows of two sorted relations side by side; there is at least one piece.

    Parameters
    ----------
    ranks
        The place of each `group_id` in the order of the rows of a customer.
    """
    one, other = _Cursor(before, ranks), _Cursor(after, ranks)
    while one.is_open and other.is_open:
        left, right = room_for(one.n_left + other.n_left)
        one.at, other.at, n = merge(one.keys, other.keys, one.at, other.at, left, right)
        yield _side_by_side(one, left[:n], other, right[:n])
        one.advance()
        other.advance()
    for cursor in (one, other):
        while cursor.is_open:
            rows = np.arange(cursor.at, len(cursor.piece), dtype=np.int32)
            absent = np.full(len(rows), ABSENT, np.int32)
            if cursor is one:
                yield _side_by_side(one, rows, other, absent)
            else:
                yield _side_by_side(one, absent, other, rows)
            cursor.at = len(cursor.piece)
            cursor.advance()


class _Cursor:
    """A place in the pieces of one side. The first piece is there even if it has no rows."""

    def __init__(self, side: Side, ranks: Numbers) -> None:
        self._pieces, self._suffix = side
        self._ranks = ranks
        self.is_open = True
        self._set(next(self._pieces))

    @property
    def n_left(self) -> int:
        """Number of rows of the piece that have not been read."""
        return len(self.piece) - self.at

    def advance(self) -> None:
        """Go to the next piece with rows if all rows of this piece have been read."""
        while self.is_open and self.at == len(self.piece):
            piece = next(self._pieces, None)
            self.is_open = piece is not None
            if piece is not None:
                self._set(piece)

    def columns(self, rows: Numbers) -> dict[str, pa.ChunkedArray | pa.Array]:
        """Return the columns of some rows, null where a row is absent."""
        names = [name for name in self.piece.column_names if name not in _KEYS]
        taken = _taken(self.piece.select(names), rows)
        return {name + self._suffix: taken[name] for name in names}

    def _set(self, piece: pa.Table) -> None:
        self.piece, self.at = piece, 0
        groups = self._ranks.take(values(whole(piece[GROUP]), np.int32))
        self.keys = Sorted.of(whole(piece[CUSTOMER]), groups)


def _side_by_side(one: _Cursor, left: Numbers, other: _Cursor, right: Numbers) -> pa.Table:
    is_there = right != ABSENT
    if is_there.all():
        keys = _taken(other.piece.select(_KEYS), right)
    else:
        both = pa.concat_tables([one.piece.select(_KEYS), other.piece.select(_KEYS)])
        places = np.where(is_there, right + len(one.piece), left)
        keys = both.combine_chunks().take(arrow(places))
    found = {name: keys[name] for name in _KEYS}
    return pa.table(found | one.columns(left) | other.columns(right))


def _taken(table: pa.Table, rows: Numbers) -> pa.Table:
    """Return some rows, null where a row is absent; consecutive rows are not copied."""
    n = len(rows)
    if n and rows[0] != ABSENT and rows[-1] - rows[0] == n - 1 and (np.diff(rows) == 1).all():
        return table.slice(int(rows[0]), n)
    present = rows != ABSENT
    places = arrow(rows) if present.all() else arrow(rows, None, present)
    return table.take(places)


def _all_groups(groups: Sequence[pa.Array]) -> pa.Array:
    """Return the distinct groups of both snapshots in ascending order, null last."""
    return distinct_ids(pa.chunked_array(groups))
