"""Look in the rows of a batch for signs of trouble, for warnings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import values
from rfm_engine.orders.odd_ids import ODD_FORMS, odd_ids

# If amounts have fractions, the first rows usually show it. Then no more rows are searched.
_FIRST_ROWS = 1024


class Signs(NamedTuple):
    """The signs found in a batch.

    Attributes
    ----------
    whole_amounts
        Whether all float amounts are whole numbers; None if this was not checked, or if the
        amounts do not show it.
    null_ids
        Pairs of a column of text ids and a word in it that other programs use for null.
    number_ids
        Pairs of a column of text ids and a number format in it, one of `ODD_FORMS`.
    """

    whole_amounts: bool | None = None
    null_ids: frozenset[tuple[str, str]] = frozenset()
    number_ids: frozenset[tuple[str, str]] = frozenset()


def of_text_ids(
    columns: Iterable[tuple[str, pa.Array]], counted: npt.NDArray[np.bool_], null: Iterable[str]
) -> Signs:
    """Search columns of ids from CSV; `null` are the words that are read as null."""
    found = {(name, odd) for name, ids in columns for odd in odd_ids(ids, counted)}
    number_ids = frozenset(each for each in found if each[1] in ODD_FORMS)
    known = frozenset(null)
    null_ids = frozenset(each for each in found - number_ids if each[1] not in known)
    return Signs(null_ids=null_ids, number_ids=number_ids)


def are_whole(amounts: pa.Array, counted: npt.NDArray[np.bool_]) -> bool | None:
    """Return whether the floats of all counted rows are whole numbers.

    Returns None if all of them are 0, or if no row counts. Measured: 1.6 ns per row if they are
    whole numbers, nothing if the first rows have fractions.
    """
    width = np.float32 if pa.types.is_float32(amounts.type) else np.float64
    found = None
    floats = values(amounts, width)
    for some in (slice(0, _FIRST_ROWS), slice(_FIRST_ROWS, None)):
        chosen = floats[some][counted[some]]
        if (chosen != np.floor(chosen)).any():
            return False
        found = found or (True if chosen.any() else None)
    return found
