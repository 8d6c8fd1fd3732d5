"""Ids of customers within groups: one key of a group's id and a customer's, and back.

A key is the bytes of the group, those of the customer, and a word: twice the group's length, and 1
added where there is a group, since no group is a group too. So a key says all of itself, and can
be hashed, kept, merged and written to disk like any other id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.words import word_at
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys, RowKeys, SharedKeys, gathered, joined

_WORD_BYTES = 8
_ALL_PRESENT = frozen(np.ones(1, np.uint8))


class GroupIds(NamedTuple):
    """The groups of rows, and where there is any, `bool[n]`; None is everywhere."""

    keys: RowKeys
    present: npt.NDArray[np.bool_] | None


def within_groups(customers: RowKeys, groups: GroupIds) -> ByteKeys:
    """Make one key of each customer's id and its group's."""
    who, where = _as_bytes(customers), _as_bytes(groups.keys)
    there = _ALL_PRESENT if groups.present is None else frozen(groups.present.view(np.uint8))
    offsets = np.empty(len(who.offsets), np.int64)
    measure_pairs(who.offsets, where.offsets, there, offsets)
    data = np.empty(offsets[-1], np.uint8)
    write_pairs(who.offsets, who.data, where.offsets, where.data, there, offsets, data)
    return ByteKeys(frozen(offsets), frozen(data))


def customers_of(keys: ByteKeys, *, of_bytes: bool) -> Keys:
    """Return the customers of such keys, whose ids are bytes, or integers."""
    starts, lengths, _ = _groups(keys)
    rest = np.diff(keys.offsets) - lengths - _WORD_BYTES
    found = gathered(keys.data, starts + lengths, rest)
    return found if of_bytes else IntKeys(frozen(found.data.view(np.uint64)))


def groups_of(keys: ByteKeys, *, of_bytes: bool) -> GroupIds:
    """Return the groups of such keys; where there is none stands any id."""
    starts, lengths, present = _groups(keys)
    ids: Keys
    if of_bytes:
        ids = gathered(keys.data, starts, lengths)
    else:
        bits = np.empty(len(lengths), np.uint64)
        read_firsts(frozen(keys.offsets), frozen(keys.data), bits)
        ids = IntKeys(frozen(bits))
    return GroupIds(ids, None if present.all() else present)


def joined_groups(groups: Sequence[GroupIds]) -> GroupIds:
    """Put groups of one kind behind each other."""
    present = None
    if any(each.present is not None for each in groups):
        present = np.concatenate([_presence(each) for each in groups])
    return GroupIds(joined([plain_keys(each) for each in groups]), present)


def plain_keys(groups: GroupIds) -> Keys:
    """Return the ids of groups, which no dictionary holds."""
    assert not isinstance(groups.keys, SharedKeys)
    return groups.keys


def _presence(groups: GroupIds) -> npt.NDArray[np.bool_]:
    keys = plain_keys(groups)
    n = len(keys.bits) if isinstance(keys, IntKeys) else len(keys.offsets) - 1
    return np.ones(n, np.bool_) if groups.present is None else groups.present


def _groups(
    keys: ByteKeys,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return where the group of each key starts, how long it is, and whether there is one."""
    lengths = np.empty(len(keys.offsets) - 1, np.int64)
    present = np.empty(len(lengths), np.bool_)
    read_ends(frozen(keys.offsets), frozen(keys.data), lengths, present)
    return keys.offsets[:-1], lengths, present


def _as_bytes(keys: RowKeys) -> ByteKeys:
    if isinstance(keys, ByteKeys):
        return ByteKeys(frozen(keys.offsets), frozen(keys.data))
    if isinstance(keys, SharedKeys):
        (offsets, data), indices = keys
        starts = offsets[indices]
        return gathered(data, starts, offsets[indices + 1] - starts)
    ends = np.arange(0, _WORD_BYTES * (len(keys.bits) + 1), _WORD_BYTES)
    return ByteKeys(frozen(ends), frozen(keys.bits.view(np.uint8)))


@kernel
def measure_pairs(customer_offsets, group_offsets, present, offsets):
    """Fill `offsets`, `int64[n + 1]`, with where each key begins and the last ends.

    `present` is `uint8[n]`, or of length 1 and meant for all.
    """
    end = 0
    offsets[0] = 0
    for i in range(len(customer_offsets) - 1):
        there = present[i] if len(present) > 1 else present[0]
        end += customer_offsets[i + 1] - customer_offsets[i] + 8
        end += group_offsets[i + 1] - group_offsets[i] if there else 0
        offsets[i + 1] = end


@kernel
def write_pairs(customer_offsets, customers, group_offsets, groups, present, offsets, data):
    """Write the key of each row to `data[offsets[i]:offsets[i + 1]]`."""
    for i in range(len(customer_offsets) - 1):
        there = present[i] if len(present) > 1 else present[0]
        at = np.uint64(offsets[i])
        start = np.uint64(group_offsets[i])
        n = (np.uint64(group_offsets[i + 1]) - start) if there else np.uint64(0)
        for j in range(n):
            data[at + np.uint64(j)] = groups[start + np.uint64(j)]
        at += n
        start = np.uint64(customer_offsets[i])
        length = np.uint64(customer_offsets[i + 1]) - start
        for j in range(length):
            data[at + np.uint64(j)] = customers[start + np.uint64(j)]
        at += length
        word = (n << np.uint64(1)) | np.uint64(there)
        for j in range(8):
            data[at + np.uint64(j)] = np.uint8(
                (word >> (np.uint64(j) << np.uint64(3))) & np.uint64(255)
            )


@kernel
def read_ends(offsets, data, lengths, present):
    """Read the last word of each key: the group's length, and whether there is one."""
    for i in range(len(lengths)):
        word = word_at(data, np.uint64(offsets[i + 1]) - np.uint64(8))
        lengths[i] = np.int64(word >> np.uint64(1))
        present[i] = (word & np.uint64(1)) != 0


@kernel
def read_firsts(offsets, data, bits):
    """Read the first word of each key: a group's integer where there is a group."""
    for i in range(len(bits)):
        bits[i] = word_at(data, np.uint64(offsets[i]))
