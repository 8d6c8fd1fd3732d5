"""The places of rows in a file from which other rows were deleted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rfm_engine.orders.place import Place


@dataclass(frozen=True, slots=True)
class KeptPlace(Place):
    """The position of a batch without deleted rows; later rows keep their position in the file.

    Attributes
    ----------
    rows
        For each row of the batch, its distance from the first row of the batch as it was read.
    at
        The number of rows of the batch before this place.
    start
        The place of the batch as it was read.
    """

    rows: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(0, np.int64), compare=False
    )
    at: int = 0
    start: Place | None = None

    @classmethod
    def of(cls, place: Place, mask: npt.NDArray[np.bool_]) -> Place:
        """Return the place of the rows of a batch for which `mask` is true."""
        return cls._at(place, np.flatnonzero(mask), 0)

    def after(self, n_rows: int) -> Place:
        """Return the place of a later row of the batch."""
        return self if self.start is None else self._at(self.start, self.rows, self.at + n_rows)

    @classmethod
    def _at(cls, start: Place, rows: npt.NDArray[np.int64], at: int) -> Place:
        if not len(rows):
            return start
        # The place after the last row is the one behind it in the file.
        row = int(rows[at]) if at < len(rows) else int(rows[-1]) + 1
        first = start.after(row)
        return cls(
            first.name,
            first.row_group,
            first.first_row,
            first.groups,
            first.before,
            rows,
            at,
            start,
        )
