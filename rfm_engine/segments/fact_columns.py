"""Customer facts as Arrow columns."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, arrow_texts, frozen, values
from rfm_engine.kernels.types import Cells, Instants
from rfm_engine.orders.time.zones import Zone
from rfm_engine.scoring.cells import Bins
from rfm_engine.scoring.timing import ONE_ORDER, words
from rfm_engine.segments.facts import Facts, Marks, timed_chunk
from rfm_engine.segments.scheme import AXES
from rfm_engine.totals.chunks import CustomerChunk

Moments: TypeAlias = "pa.ChunkedArray[Any]"
_TEXT = pa.dictionary(pa.int16(), pa.string())
FACT_FIELDS = [
    pa.field("is_whale", pa.bool_()),
    pa.field("spend_rank", pa.int64()),
    pa.field("spend_pctl", pa.int8()),
    pa.field("gap_us", pa.int64()),
    pa.field("own_us", pa.int64()),
    pa.field("due_date", pa.date32()),
    pa.field("timing", _TEXT),
    pa.field("lifecycle_stage", _TEXT),
    pa.field("weak_axis", _TEXT),
]
FACT_COLUMNS = tuple(field.name for field in FACT_FIELDS)
WEAK_AXES = ("r", "f", "m", "rf", "rm", "fm", "rfm")


class FactColumns:
    """Makes the columns of `FACT_FIELDS` for the chunks of one population."""

    def __init__(self, facts: Facts, bins: Bins, zone: Zone) -> None:
        self.marks = facts.marks
        self._limits = facts.limits
        self._zone = zone
        known = words()
        self._stages = known.stage_table()
        self._weak = weak_axes(bins)
        names = known.timings, [stage.name for stage in known.stages], WEAK_AXES
        self._timing_names, self._stage_names, self._weak_names = map(arrow_texts, names)

    def of(
        self,
        chunk: CustomerChunk,
        cells: Cells,
        marks: Marks,
        moments: tuple[Moments, Moments],
    ) -> list[pa.Array[Any]]:
        """Return the columns of a chunk; `moments` are its columns of first and last orders."""
        n = len(marks.ranks)
        instants = zip(*(map(_instants, column.chunks) for column in moments), strict=True)
        found, are_dates = timed_chunk(chunk, marks, self._limits, self._zone, instants)
        ranks, percentiles = np.empty(n, np.int64), np.empty(n, np.int8)
        write_percentiles(
            frozen(marks.ranks), marks.groups, frozen(self._limits.sizes), ranks, percentiles
        )
        has_one = chunk.frequency == 1
        stages = self._stages.take((found.timing * 2 + has_one) * 2 + marks.whales)
        is_known = found.gap_us != ONE_ORDER
        return [
            arrow(marks.whales),
            arrow(ranks),
            arrow(percentiles),
            arrow(found.gap_us, valid=None if is_known.all() else is_known),
            arrow(found.own_us),
            arrow(found.due_days, pa.date32(), are_dates),
            _texts(found.timing, self._timing_names),
            _texts(stages, self._stage_names),
            _texts(self._weak.take(cells), self._weak_names),
        ]


def weak_axes(bins: Bins) -> npt.NDArray[np.int16]:
    """Return the place in `WEAK_AXES` of the axes with the lowest score per bin, for each cell."""
    # Scores as numerators of one common denominator.
    scores = [
        digits.astype(np.int64) * (bins.n_cells // own)
        for digits, own in zip(bins.digits(), bins, strict=True)
    ]
    lowest = np.minimum.reduce(scores)
    chosen = np.zeros(bins.n_cells, np.intp)
    for place, score in enumerate(scores):
        chosen += (score == lowest) << place
    codes = np.zeros(1 << len(AXES), np.int16)
    for code, name in enumerate(WEAK_AXES):
        codes[sum(1 << AXES.index(axis) for axis in name)] = code
    return codes.take(chosen)


def _instants(column: pa.Array[Any]) -> Instants:
    return values(column, np.int64)


def _texts(codes: npt.NDArray[np.int16], names: pa.Array[Any]) -> pa.Array[Any]:
    return pa.DictionaryArray.from_arrays(arrow(codes), names, safe=False)


@kernel
def write_percentiles(ranks, groups, sizes, wide_ranks, percentiles):
    """Write ranks as `int64[n]`, and `ceil(100 * customers with at most this value / customers)`.

    A customer of rank r has at least the value of n - r + 1 customers of its group of n.
    """
    for i in range(len(ranks)):
        n = sizes[groups[i] if len(groups) > 0 else 0]
        rank = np.int64(ranks[i])
        wide_ranks[i] = rank
        percentiles[i] = (100 * (n - rank + 1) + n - 1) // n
