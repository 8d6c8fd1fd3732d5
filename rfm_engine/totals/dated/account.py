"""The row counts of each period, from which those of each date follow."""

from __future__ import annotations

from threading import Lock

import numpy as np

from rfm_engine.kernels.types import Integers
from rfm_engine.orders.judge import AFTER_AS_OF, BEFORE_WINDOW, COUNTED, REASONS
from rfm_engine.orders.ledger import RowCounts


class PeriodCounts:
    """Count the rows of all dates together by period and reason. Thread-safe."""

    def __init__(self, n_periods: int) -> None:
        self._lock = Lock()
        self._by_reason = np.zeros((n_periods, len(REASONS)), np.int64)
        self._n_rounded = np.zeros(n_periods, np.int64)

    def add(self, by_reason: Integers, n_rounded: Integers) -> None:
        """Add the counts of a batch, `int64[periods, reasons]` and `int64[periods]`."""
        with self._lock:
            self._by_reason += by_reason
            self._n_rounded += n_rounded

    def of(self, periods: range, whole: RowCounts) -> RowCounts:
        """Return the counts of the date with these periods.

        `whole` are the counts of all dates together. Rows of later periods are after the date, and
        rows of earlier periods are before its window.
        """
        inside = self._by_reason[periods.start : periods.stop].sum(axis=0)
        dropped = {
            reason: n + int(inside[number]) - self._n_of(number)
            for number, (reason, n) in enumerate(whole.dropped.items(), start=1)
        }
        dropped[REASONS[AFTER_AS_OF]] += int(self._by_reason[periods.stop :].sum())
        dropped[REASONS[BEFORE_WINDOW]] += int(self._by_reason[: periods.start].sum())
        n_rounded = int(self._n_rounded[periods.start : periods.stop].sum())
        return RowCounts(whole.read, int(inside[COUNTED]), dropped, n_rounded)

    def _n_of(self, reason: int) -> int:
        return int(self._by_reason[:, reason].sum())
