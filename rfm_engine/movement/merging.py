"""Align the sorted customers of two snapshots: compiled loops that walk through both at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Bytes, Integers, Numbers, Words
from rfm_engine.orders.keys import IntKeys, keys_of
from rfm_engine.scoring.identities import SIGN

ABSENT = -1
"""The row of a customer who is not in a snapshot."""

_NO_WORDS: Words = frozen(np.zeros(0, np.uint64))
_NO_OFFSETS: Integers = frozen(np.zeros(0, np.int64))
_NO_DATA: Bytes = frozen(np.zeros(0, np.uint8))


class Sorted(NamedTuple):
    """Customers in the order of their ids and groups.

    Attributes
    ----------
    words
        Integer ids as unsigned numbers in their order; empty for other ids.
    offsets, data
        Ids that are bytes: id i is `data[offsets[i]:offsets[i + 1]]`; empty for integers.
    groups
        The place of the group of each row in the order of the rows of a customer.
    """

    words: Words
    offsets: Integers
    data: Bytes
    groups: Numbers

    @classmethod
    def of(cls, ids: pa.Array[Any], groups: Numbers) -> Sorted:
        """Return customers with these ids, integers, text or binary without nulls."""
        keys = keys_of(ids).plain()
        if isinstance(keys, IntKeys):
            words = keys.bits ^ SIGN if pa.types.is_signed_integer(ids.type) else keys.bits
            return cls(frozen(words), _NO_OFFSETS, _NO_DATA, frozen(groups))
        return cls(_NO_WORDS, frozen(keys.offsets), frozen(keys.data), frozen(groups))


@kernel
def merge(before, after, i, j, left, right):  # noqa: PLR0913
    """Write rows of the same customer side by side, until the customers of one side end.

    `i` and `j` are the first rows of `before` and `after`. `left` and `right`, `int32`, get their
    rows, or `ABSENT`. Return the next rows, and how many pairs were written.
    """
    n = 0
    n_before, n_after = len(before.groups), len(after.groups)
    while i < n_before and j < n_after:
        order = compared(before, i, after, j)
        left[n] = i if order <= 0 else -1
        right[n] = j if order >= 0 else -1
        i += order <= 0
        j += order >= 0
        n += 1
    return i, j, n


@kernel
def find(before, after, places):
    """Fill `places`, `int32`, with the row of each customer of `before` in `after`, or `ABSENT`."""
    j, n_after = 0, len(after.groups)
    for i in range(len(places)):
        order = 1
        while j < n_after:
            order = compared(before, i, after, j)
            if order <= 0:
                break
            j += 1
        places[i] = j if order == 0 else -1


@kernel
def compared(before, i, after, j):
    """Return -1, 0 or 1: whether a customer of one side comes before one of the other."""
    if len(before.offsets) == 0:
        one, other = before.words[i], after.words[j]
        if one != other:
            return -1 if one < other else 1
    else:
        start, at = before.offsets[i], after.offsets[j]
        n_one = before.offsets[i + 1] - start
        n_other = after.offsets[j + 1] - at
        for k in range(min(n_one, n_other)):
            one_byte, other_byte = before.data[start + k], after.data[at + k]
            if one_byte != other_byte:
                return -1 if one_byte < other_byte else 1
        if n_one != n_other:
            return -1 if n_one < n_other else 1
    own, its = before.groups[i], after.groups[j]
    if own == its:
        return 0
    return -1 if own < its else 1


def room_for(n: int) -> tuple[Numbers, Numbers]:
    """Return buffers for n pairs."""
    return np.empty(n, np.int32), np.empty(n, np.int32)
