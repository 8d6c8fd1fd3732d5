"""Count the rows: at any time, read = counted + dropped."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from rfm_engine.errors import DataError, RfmError, shown_value
from rfm_engine.options.messages import message
from rfm_engine.orders.judge import REASONS
from rfm_engine.orders.normalize import OrderRows

_LISTED = 10


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Numbers of rows.

    Attributes
    ----------
    read
        Rows read.
    counted
        Rows that count as orders.
    dropped
        Rows dropped, by reason. It contains all reasons, also those without rows.
    amounts_rounded
        Counted rows whose amount was rounded.
    """

    read: int
    counted: int
    dropped: dict[str, int]
    amounts_rounded: int


class Ledger:
    """Hold the counts, the newest day and the currency of all rows. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_read = 0
        self._by_reason = np.zeros(len(REASONS), np.int64)
        self._n_rounded = 0
        self.currencies: frozenset[str] = frozenset()
        self.newest_day: int | None = None

    def add(self, rows: OrderRows) -> None:
        """Add the counts of a batch.

        Raises
        ------
        DataError
            Its currency differs from that of the rows before. Then nothing is added.
        RfmError
            The counts by reason do not add up to the rows of the batch. This is a bug.
        """
        if int(rows.counts.sum()) != len(rows.reason):
            raise RfmError(
                f"rows by reason must add up to rows read; "
                f"got {int(rows.counts.sum())} of {len(rows.reason)}. Please report this."
            )
        with self._lock:
            self.currencies = _one_currency(self.currencies | rows.currencies)
            self._n_read += len(rows.reason)
            self._by_reason += rows.counts
            self._n_rounded += rows.n_rounded
            self.newest_day = _later(self.newest_day, rows.newest_day)

    def enter(self, counts: RowCounts, newest_day: int | None, currencies: frozenset[str]) -> None:
        """Add counts, a newest day and currencies from another ledger."""
        by_reason = [counts.counted, *(counts.dropped[reason] for reason in REASONS[1:])]
        with self._lock:
            self.currencies = _one_currency(self.currencies | currencies)
            self._n_read += counts.read
            self._by_reason += np.array(by_reason, np.int64)
            self._n_rounded += counts.amounts_rounded
            self.newest_day = _later(self.newest_day, newest_day)

    def counts(self) -> RowCounts:
        """Return the counts so far."""
        with self._lock:
            counted, *dropped = self._by_reason.tolist()
            by_reason = dict(zip(REASONS[1:], dropped, strict=True))
            return RowCounts(self._n_read, counted, by_reason, self._n_rounded)


def _one_currency(currencies: frozenset[str]) -> frozenset[str]:
    if len(currencies) > 1:
        listed = [shown_value(each) for each in sorted(currencies)[:_LISTED]]
        more = f" and {len(currencies) - _LISTED} more" if len(currencies) > _LISTED else ""
        raise DataError(
            message(
                "orders must be in one currency; got {}{}. Keep one with a condition on that "
                "column ({where}), or give {rates}.",
                ", ".join(listed),
                more,
            )
        )
    return currencies


def _later(day: int | None, other: int | None) -> int | None:
    return max((d for d in (day, other) if d is not None), default=None)
