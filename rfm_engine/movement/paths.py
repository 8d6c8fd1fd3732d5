"""The segments of each customer at both dates, and between under the criteria of one of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from rfm_engine.kernels.arrays import arrow
from rfm_engine.kernels.types import Segments
from rfm_engine.movement.judgement import Judgement, codes_of
from rfm_engine.movement.pairs import Pairs, Pieces, Side, aligned, sorted_pieces
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP, Customers

_COUNTED = ("frequency", "minor", "recency_days")
_NO_CODE = pa.int16()
_AGED = "_aged"
AGED, FROZEN, SWAPPED = "sa", "s10", "s01"
JUDGED = frozenset({AGED, FROZEN, SWAPPED})
"""The columns of the relation `paths` that need criteria: of the first date, or of the second."""


class Paths:
    """The pairs of two snapshots with the numbers of segments, for the relation `paths`.

    Parameters
    ----------
    segments
        The segments of both snapshots in the order of the scheme.
    days
        Number of days between the dates.
    aged
        The customers at the first date with the orders that the window has at the second; None
        without a window, under which no order drops out, or if they are not known.
    judged
        The columns of the relation that need the criteria of a date; others are null.
    """

    def __init__(
        self,
        pairs: Pairs,
        segments: Sequence[str],
        days: int,
        aged: Customers | None,
        judged: Collection[str],
    ) -> None:
        self._pairs = pairs
        self._segments = segments
        self._days = days
        self._aged = aged
        self._old = Judgement.of(pairs.before) if {AGED, FROZEN} & {*judged} else None
        self._new = Judgement.of(pairs.after) if SWAPPED in judged else None
        judges = [each for each in (self._old, self._new) if each is not None]
        self._reads = {"segment", *_COUNTED}.union(*(judge.reads for judge in judges))

    def pieces(self) -> Pieces:
        """Yield the pairs: the columns that are counted, and these numbers of segments.

        `code_before` and `code_after` are those of the snapshots, `frozen_after` by the criteria of
        the first date, `aged_before` by those too but seen from the second date, and
        `swapped_before` by the criteria of the second date.
        """
        for piece in self._pairs.joined(self._before(), self._after()):
            yield piece.drop_columns([CUSTOMER])

    def _after(self) -> Pieces:
        for piece in sorted_pieces(self._pairs.after, self._reads):
            own = codes_of(piece["segment"], self._segments)
            frozen = _nothing(piece) if self._old is None else self._old.codes(piece, own)
            yield _counted(piece, {"code": arrow(own), "frozen": frozen})

    def _before(self) -> Pieces:
        pieces = sorted_pieces(self._pairs.before, self._reads)
        if self._aged is not None:
            assert self._old is not None
            others = sorted_pieces(self._aged, self._old.measures)
            pieces = aligned(Side(pieces, ""), Side(others, _AGED), self._pairs.ranks)
            # Customers whose orders were added later than the first snapshot come by behaviour.
            pieces = (piece.filter(pc.is_valid(piece["segment"])) for piece in pieces)
        for piece in pieces:
            own = codes_of(piece["segment"], self._segments)
            codes = {"code": arrow(own)}
            codes["swapped"] = _nothing(piece) if self._new is None else self._new.codes(piece, own)
            codes["aged"] = self._aged_codes(piece, own)
            yield _counted(piece, codes)

    def _aged_codes(self, piece: pa.Table, own: Segments) -> pa.Array:
        if self._old is None:
            return _nothing(piece)
        if self._aged is None:
            return self._old.codes(piece, own, self._days)
        is_there = pc.is_valid(piece[f"frequency{_AGED}"])
        names = [GROUP, CUSTOMER, *self._old.reads]
        columns = [f"{name}{_AGED}" if name in self._old.measures else name for name in names]
        there = piece.select(columns).rename_columns(names).filter(is_there)
        codes = self._old.codes(there, own[is_there.to_numpy()], self._days)
        places = pc.subtract(pc.cumulative_sum(is_there.cast(pa.int32())), 1)
        return codes.take(pc.if_else(is_there, places, None).combine_chunks())


def _counted(piece: pa.Table, codes: dict[str, pa.Array]) -> pa.Table:
    found = piece.select([GROUP, CUSTOMER, *_COUNTED])
    for name, column in codes.items():
        found = found.append_column(name, column)
    return found


def _nothing(piece: pa.Table) -> pa.Array:
    return pa.nulls(len(piece), _NO_CODE)
