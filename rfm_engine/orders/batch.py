"""The columns of a batch while it is checked, and the reasons of its rows."""

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
    """The columns of a record batch with dictionaries decoded, and what is known of its rows."""

    def __init__(self, batch: pa.RecordBatch, place: Place) -> None:
        self._batch = batch
        self._place = place
        self.reason = np.zeros(batch.num_rows, np.uint8)
        self.rates: RowRates | None = None
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if isinstance(column, pa.DictionaryArray):
                self._refuse_misplaced(name, misplaced(column))

    def column(self, name: str) -> pa.Array:
        """Return a column without dictionary or views."""
        return plain(self._batch.column(name))

    def ids(self, name: str) -> pa.Array:
        """Return a column of ids: plain, or with a dictionary that rows share."""
        column = self._batch.column(name)
        return column if worth_sharing(column) else plain(column)

    def text(self, name: str) -> pa.Array:
        """Return a column that is still to be read, null where the row is dropped already."""
        column = self.column(name)
        dropped = self.reason != COUNTED
        if not dropped.any():
            return column
        import pyarrow.compute as pc

        return pc.if_else(arrow(dropped), None, column)

    def drop(self, faulty: npt.NDArray[np.bool_] | None, reason: int) -> None:
        """Give faulty rows a reason, unless they have an earlier one; None is no row."""
        if faulty is not None:
            # Adding to COUNTED, which is 0, takes half the time of assigning through a mask.
            self.reason += (faulty & (self.reason == COUNTED)).view(np.uint8) * np.uint8(reason)

    def drop_nulls(self, column: pa.Array, reason: int) -> None:
        """Drop the rows where the column is null."""
        valid = valid_mask(column)
        self.drop(None if valid is None else ~valid, reason)

    def first(self, mask: npt.NDArray[np.bool_]) -> int:
        """Return the first row still counted where the mask holds, -1 without one."""
        return first_true(mask & (self.reason == COUNTED))

    def _refuse_misplaced(self, name: str, row: int) -> None:
        if row >= 0:
            raise DataError(
                f"column {name!r} must have indices within its dictionary; got another one in "
                f"{self.where(row)}. Build the dictionary array again."
            )

    def where(self, row: int) -> str:
        """Say where a row is, for messages; rows count from 1."""
        return self._place.after(row).name_row()
