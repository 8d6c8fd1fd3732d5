"""Scores and segments of customers as Arrow columns."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, arrow_texts
from rfm_engine.kernels.types import Cells, Segments
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.scheme import AXES, Scheme

VALUE_COLUMN = "rfm_value"
"""The column that is added by the option `weights`."""
_MAX_INT16 = np.iinfo(np.int16).max


class Labels:
    """Scores, score texts and segment names; the last two are dictionary columns.

    Only cells with customers have a text, so that a hundred bins per axis do not make a million
    texts.
    """

    def __init__(
        self,
        scheme: Scheme,
        bins: Bins,
        taken: npt.NDArray[np.bool_],
        weights: Sequence[Decimal] | None,
    ) -> None:
        self._made_of = scheme, bins, taken, weights
        cells = np.flatnonzero(taken)
        first = scheme.first_score
        index = pa.int16() if bins.n_cells <= _MAX_INT16 else pa.int32()
        self._code = np.zeros(len(taken), index.to_pandas_dtype())
        self._code[cells] = np.arange(len(cells))
        self._scores = arrow_texts([score_text(bins, int(cell), first) for cell in cells])
        self.names = segment_names(scheme, bins)
        self._names = arrow_texts(self.names)
        self._digits = [digits + np.int8(first - 1) for digits in bins.digits()]
        self._values = None if weights is None else np.zeros(len(taken))
        if self._values is not None and weights is not None:
            for cell in cells.tolist():
                scores = [int(digits[cell]) for digits in self._digits]
                exact = sum(Fraction(w) * score for w, score in zip(weights, scores, strict=True))
                self._values[cell] = float(exact)
        self.fields = [
            *(pa.field(f"{axis}_score", pa.int8()) for axis in AXES),
            *([] if weights is None else [pa.field(VALUE_COLUMN, pa.float64())]),
            pa.field("rfm_score", pa.dictionary(index, pa.string())),
            pa.field("segment", pa.dictionary(pa.int16(), pa.string())),
        ]

    def joined(self, other: Labels) -> Labels:
        """Return labels for both populations, so that a file has one dictionary per column."""
        scheme, bins, taken, weights = self._made_of
        return Labels(scheme, bins, taken | other._made_of[2], weights)

    def columns(self, cells: Cells, segments: Segments) -> list[pa.Array]:
        """Return the columns of `fields` for a chunk."""
        from_arrays = pa.DictionaryArray.from_arrays
        # `take` takes a third of the time of indexing with brackets.
        return [
            *(arrow(digits.take(cells)) for digits in self._digits),
            *([] if self._values is None else [arrow(self._values.take(cells))]),
            from_arrays(arrow(self._code.take(cells)), self._scores, safe=False),
            from_arrays(arrow(segments), self._names, safe=False),
        ]


def score_text(bins: Bins, cell: int, first_score: int = 1) -> str:
    """Return the scores of a cell as digits, `543`; with ten or more bins, joined by `-`."""
    joint = "-" if max(bins) >= 10 else ""
    return joint.join(str(score + first_score - 1) for score in bins.scores(cell))


def segment_names(scheme: Scheme, bins: Bins) -> list[str]:
    """Return the segments in the order of the scheme, and last `otherwise` if it can be needed."""
    names = [segment.name for segment in scheme.segments]
    return [*names, scheme.otherwise] if scheme.leaves_some(bins) else names


class SegmentSums(NamedTuple):
    """Customers, orders, net amount in minor units and total recency of a segment."""

    customers: int
    orders: int
    monetary_minor: int
    recency_days_total: int


def segment_sums(
    by_cell: Sequence[SegmentSums], segment: npt.NDArray[np.int16], n_segments: int
) -> list[SegmentSums]:
    """Add up the cells of each segment, in integers of any size."""
    sums = [[0] * len(SegmentSums._fields) for _ in range(n_segments)]
    for number, cell in zip(segment.tolist(), by_cell, strict=True):
        for part, value in enumerate(cell):
            sums[number][part] += value
    return [SegmentSums(*row) for row in sums]
