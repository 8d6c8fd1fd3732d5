"""Chunks of customers to scores and segments, with the sums of every cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.orders.arrays import arrow, arrow_texts
from rfm_engine.score.cells import Bins, Cells
from rfm_engine.segments.scheme import AXES, Scheme

_MAX_INT16 = np.iinfo(np.int16).max


class Labels:
    """Scores, their texts and segment names by cell, the last two as dictionary columns.

    Only cells that occur get a text, so that a hundred bins an axis do not make a million.
    """

    def __init__(self, scheme: Scheme, bins: Bins, taken: npt.NDArray[np.bool_]) -> None:
        cells = np.flatnonzero(taken)
        index = pa.int16() if len(cells) <= _MAX_INT16 else pa.int32()
        self._code = np.zeros(len(taken), index.to_pandas_dtype())
        self._code[cells] = np.arange(len(cells))
        self._scores = arrow_texts([score_text(bins, int(cell)) for cell in cells])
        self.segment = scheme.layout(bins)
        self.names = segment_names(scheme, bins)
        self._names = arrow_texts(self.names)
        self._digits = bins.digits()
        self.fields = [
            *(pa.field(f"{axis}_score", pa.int8()) for axis in AXES),
            pa.field("rfm_score", pa.dictionary(index, pa.string())),
            pa.field("segment", pa.dictionary(pa.int16(), pa.string())),
        ]

    def columns(self, cells: Cells) -> list[pa.Array]:
        """Return the scores of a chunk, one column an axis, and the columns rfm_score, segment."""
        from_arrays = pa.DictionaryArray.from_arrays
        # `take` costs a third of an index in brackets.
        return [
            *(arrow(digits.take(cells)) for digits in self._digits),
            from_arrays(arrow(self._code.take(cells)), self._scores, safe=False),
            from_arrays(arrow(self.segment.take(cells)), self._names, safe=False),
        ]


def score_text(bins: Bins, cell: int) -> str:
    """Return a cell's scores as digits, `543`, joined by `-` when an axis has ten bins or more."""
    joint = "-" if max(bins) >= 10 else ""
    return joint.join(map(str, bins.scores(cell)))


def segment_names(scheme: Scheme, bins: Bins) -> list[str]:
    """Return the segments in the scheme's order, and last its name for cells left over."""
    names = [segment.name for segment in scheme.segments]
    left_over = (scheme.layout(bins) == len(names)).any()
    return [*names, scheme.otherwise] if left_over else names


class SegmentSums(NamedTuple):
    """Customers, orders and net minor units of a segment."""

    customers: int
    orders: int
    monetary_minor: int


def segment_sums(
    by_cell: Sequence[tuple[int, int, int]], segment: npt.NDArray[np.int16], n_segments: int
) -> list[SegmentSums]:
    """Add the cells of each segment up, in integers of any size."""
    sums = [[0, 0, 0] for _ in range(n_segments)]
    for number, cell in zip(segment.tolist(), by_cell, strict=True):
        for part, value in enumerate(cell):
            sums[number][part] += value
    return [SegmentSums(*row) for row in sums]
