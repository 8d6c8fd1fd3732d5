"""Build one key from the id of a group and the id of a customer, and split it again.

A key consists of the bytes of the group, the bytes of the customer, and a word of 8 bytes. The word
is twice the length of the group's id, plus 1 if there is a group. Rows without a group form a group
too. Because a key contains everything that is needed to split it, it can be hashed, stored, merged
and written to disk like any other id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Mask, Words
from rfm_engine.kernels.words import word_at
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys, RowKeys, gathered, joined

_WORD_BYTES = 8
_ALL_PRESENT = frozen(np.ones(1, np.uint8))


class GroupIds(NamedTuple):
    """The groups of rows.

    Attributes
    ----------
    keys
        The id of the group of each row.
    present
        Whether a row has a group, `bool[n]`; None if all rows have one.
    """

    keys: RowKeys
    present: Mask | None

    @property
    def everywhere(self) -> Mask:
        """Whether each row has a group, `bool[n]`; never None."""
        return np.ones(len(self.keys), np.bool_) if self.present is None else self.present

    def to_arrow(self, kind: pa.DataType) -> pa.Array[Any]:
        """Return the groups as an Arrow array; rows without a group are null."""
        return self.keys.plain().to_arrow(kind, self.present)


def within_groups(customers: RowKeys, groups: GroupIds) -> ByteKeys:
    """Return one key per row, built from the ids of its customer and its group."""
    who, where = customers.as_bytes(), groups.keys.as_bytes()
    there = _ALL_PRESENT if groups.present is None else frozen(groups.present.view(np.uint8))
    offsets = np.empty(len(who.offsets), np.int64)
    measure_pairs(who.offsets, where.offsets, there, offsets)
    data = np.empty(offsets[-1], np.uint8)
    write_pairs(who.offsets, who.data, where.offsets, where.data, there, offsets, data)
    return ByteKeys(frozen(offsets), frozen(data))


def customers_of(keys: Keys, *, of_bytes: bool) -> Keys:
    """Return the customers of such keys; `of_bytes` is false if their ids are integers."""
    pairs = keys.as_bytes()
    starts, lengths, _ = _groups(pairs)
    rest = np.diff(pairs.offsets) - lengths - _WORD_BYTES
    found = gathered(pairs.data, starts + lengths, rest)
    return found if of_bytes else IntKeys(frozen(found.data.view(np.uint64)))


def groups_of(keys: Keys, *, of_bytes: bool) -> GroupIds:
    """Return the groups of such keys; `of_bytes` is false if their ids are integers.

    The id of a row without a group is arbitrary.
    """
    pairs = keys.as_bytes()
    starts, lengths, present = _groups(pairs)
    ids = gathered(pairs.data, starts, lengths) if of_bytes else IntKeys(group_words(pairs))
    return GroupIds(ids, None if present.all() else present)


def group_words(keys: Keys) -> Words:
    """Return the groups of such keys as 64-bit words, if the ids of groups are integers."""
    pairs = keys.as_bytes()
    bits = np.empty(len(pairs), np.uint64)
    read_firsts(pairs.offsets, pairs.data, bits)
    return frozen(bits)


def joined_groups(groups: Sequence[GroupIds]) -> GroupIds:
    """Concatenate groups of one kind."""
    present = None
    if any(each.present is not None for each in groups):
        present = np.concatenate([each.everywhere for each in groups])
    return GroupIds(joined([each.keys.plain() for each in groups]), present)


def _groups(keys: ByteKeys) -> tuple[Integers, Integers, Mask]:
    """Return for each key the start and the length of its group, and whether it has a group."""
    lengths = np.empty(len(keys), np.int64)
    present = np.empty(len(lengths), np.bool_)
    read_ends(keys.offsets, keys.data, lengths, present)
    return keys.offsets[:-1], lengths, present


@kernel
def measure_pairs(customer_offsets, group_offsets, present, offsets):
    """Fill `offsets`, `int64[n + 1]`, with the start of each key and the end of the last.

    `present` is `uint8[n]`, or has length 1 and applies to all rows.
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
    """Read the last word of each key: the length of the group, and whether there is a group."""
    for i in range(len(lengths)):
        word = word_at(data, np.uint64(offsets[i + 1]) - np.uint64(8))
        lengths[i] = np.int64(word >> np.uint64(1))
        present[i] = (word & np.uint64(1)) != 0


@kernel
def read_firsts(offsets, data, bits):
    """Read the first word of each key: the integer id of the group, if there is a group."""
    for i in range(len(bits)):
        bits[i] = word_at(data, np.uint64(offsets[i]))
