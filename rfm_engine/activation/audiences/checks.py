"""Count customers after each check, and values that are not valid."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

CONTACT, CONSENTED, NOT_SUPPRESSED, VALID = CHECKS = range(1, 5)
"""The checks that a row passes; 0 is a row without an e-mail or phone number."""


class Invalid(NamedTuple):
    """Values that are not valid, for one reason.

    Attributes
    ----------
    reason
        For example `invalid_email`.
    rows
        In how many rows of the contacts.
    first_row
        The first of these rows, from 1.
    """

    reason: str
    rows: int
    first_row: int


class PassedChecks:
    """The number of customers who pass each check with one of their rows."""

    def __init__(self) -> None:
        self._counts = np.zeros(VALID + 1, np.int64)
        self._last: object = None
        self._best = -1  # of the last customer, who may have more rows

    def add(self, ids: pa.Array, stages: npt.NDArray[np.int8]) -> None:
        """Count rows that are sorted by customer, with the last check that each passes."""
        import pyarrow.compute as pc

        if not len(ids):
            return
        is_other = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
        starts = np.flatnonzero(is_other.to_numpy(zero_copy_only=False)) + 1
        best = np.maximum.reduceat(stages, np.concatenate([[0], starts]))
        if ids[0].as_py() == self._last:
            best[0] = max(best[0], self._best)
        elif self._best >= 0:
            self._counts[self._best] += 1
        self._counts += np.bincount(best[:-1], minlength=VALID + 1)
        self._last, self._best = ids[-1].as_py(), int(best[-1])

    def customers(self, check: int) -> int:
        """Return how many customers pass a check."""
        counts = self._counts.copy()
        if self._best >= 0:
            counts[self._best] += 1
        return int(counts[check:].sum())


class InvalidValues:
    """The number of values that are not valid, by reason, and the first row of each."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, int] = {}

    def add(self, reason: str, rows: npt.NDArray[np.int64]) -> None:
        """Count rows of the contacts, given by their numbers."""
        if len(rows):
            first = int(rows.min())
            self._counts[reason] += len(rows)
            self._first[reason] = min(self._first.get(reason, first), first)

    def by_reason(self) -> list[Invalid]:
        """Return the numbers, sorted by reason."""
        return [
            Invalid(reason, n_rows, self._first[reason])
            for reason, n_rows in sorted(self._counts.items())
        ]
