"""Hold the columns of a batch while it is checked, and the reason of each row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import (
    arrow,
    first_true,
    misplaced,
    plain,
    valid_mask,
    worth_sharing,
)
from rfm_engine.orders.judge import COUNTED
from rfm_engine.orders.money.rates import RowRates
from rfm_engine.orders.place import Place


class Batch:
    """The columns of a record batch with dictionaries decoded, and the reason of each row."""

    def __init__(
        self, batch: pa.RecordBatch, place: Place, reason: npt.NDArray[np.uint8] | None = None
    ) -> None:
        """Begin with rows without a reason, or continue with reasons found before."""
        self._batch = batch
        self._place = place
        self.rates: RowRates | None = None
        if reason is not None:
            self.reason = reason.copy()
            return
        self.reason = np.zeros(batch.num_rows, np.uint8)
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if isinstance(column, pa.DictionaryArray):
                self._refuse_misplaced(name, misplaced(column))

    def column(self, name: str) -> pa.Array:
        """Return a column without a dictionary and without views."""
        return plain(self._batch.column(name))

    def ids(self, name: str) -> pa.Array:
        """Return a column of ids: plain, or a dictionary array that is worth keeping."""
        column = self._batch.column(name)
        return column if worth_sharing(column) else plain(column)

    def text(self, name: str) -> pa.Array:
        """Return a column that has to be parsed, with nulls in the rows that are dropped."""
        column = self.column(name)
        dropped = self.reason != COUNTED
        if not dropped.any():
            return column
        import pyarrow.compute as pc

        return pc.if_else(arrow(dropped), None, column)

    def drop(self, faulty: npt.NDArray[np.bool_] | None, reason: int) -> None:
        """Set the reason of faulty rows that have no reason yet; None means no faulty rows."""
        if faulty is not None:
            # Adding to COUNTED, which is 0, takes half the time of an assignment with a mask.
            self.reason += (faulty & (self.reason == COUNTED)).view(np.uint8) * np.uint8(reason)

    def drop_nulls(self, column: pa.Array, reason: int) -> None:
        """Drop the rows where the column is null."""
        valid = valid_mask(column)
        self.drop(None if valid is None else ~valid, reason)

    def first(self, mask: npt.NDArray[np.bool_]) -> int:
        """Return the first row that is still counted and in the mask; -1 if there is none."""
        return first_true(mask & (self.reason == COUNTED))

    def _refuse_misplaced(self, name: str, row: int) -> None:
        if row >= 0:
            raise DataError(
                f"column {name!r} must have indices within its dictionary; got another index in "
                f"{self.where(row)}. Build the dictionary array again."
            )

    def where(self, row: int) -> str:
        """Return the position of a row as text, for messages; rows are numbered from 1."""
        return self._place.after(row).name_row()
