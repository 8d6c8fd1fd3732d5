"""Find rows by binary search in the id columns of sorted record batches.

The ids are read from memory through `memoryview`, which checks bounds. Offsets of text in a damaged
file therefore lead to a wrong answer or an error, but never to reads outside of the file.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa

Key: TypeAlias = Any
"""A customer, an integer or bytes, or a tuple of it and the group. Keys compare as rows follow."""
_KeyAt: TypeAlias = Callable[[int], Key]

_PAGE_BYTES = 4096
_UUID_BYTES = 16


class Place(NamedTuple):
    """A row: the number of its record batch, and its number within the batch."""

    batch: int
    row: int


class SortedIds:
    """The ids of sorted record batches, of which none is empty.

    Parameters
    ----------
    batches
        The first columns are the ids; all values are in memory or in a mapped file.
    n_ids
        1, or 2 if rows are sorted by customer and group; null groups come first.
    """

    def __init__(self, batches: Sequence[pa.RecordBatch], n_ids: int) -> None:
        self._columns = [[batch.column(n) for n in range(n_ids)] for batch in batches]
        self._customer_of: Callable[[Any], Any] = itemgetter(0) if n_ids > 1 else lambda key: key
        self._keys = [_keys_of(columns) for columns in self._columns]
        self._rows = [range(batch.num_rows) for batch in batches]
        self._last = [key_at(rows[-1]) for key_at, rows in zip(self._keys, self._rows, strict=True)]

    def find(self, key: Key) -> Place | None:
        """Return the row of a key, or None."""
        batch = bisect_left(self._last, key)
        if batch == len(self._last):
            return None
        key_at = self._keys[batch]
        row = bisect_left(self._rows[batch], key, key=key_at)
        return Place(batch, row) if key_at(row) == key else None

    def after(self, customer: Key) -> Place:
        """Return the first row behind all rows of a customer; it may be behind the last row."""
        batch = bisect_right(self._last, customer, key=self._customer_of)
        if batch == len(self._last):
            return Place(batch, 0)
        key_at, customer_of = self._keys[batch], self._customer_of
        rows = self._rows[batch]
        return Place(batch, bisect_right(rows, customer, key=lambda row: customer_of(key_at(row))))

    def is_ascending(self, n_samples: int) -> bool:
        """Return whether the ends of the batches and samples of each batch ascend strictly.

        `n_samples` is the number of samples in all batches.
        """
        step = max(sum(map(len, self._rows)) // n_samples, 1)
        last = None
        for key_at, rows in zip(self._keys, self._rows, strict=True):
            for row in sorted({*rows[::step], rows[-1]}):
                key = key_at(row)
                if last is not None and key <= last:
                    return False
                last = key
        return True

    def read(self) -> None:
        """Read one byte of each page of the ids, in order, so that lookups do not wait for them."""
        for columns in self._columns:
            for column in columns:
                for buffer in filter(None, column.buffers()):
                    bytes(memoryview(buffer)[::_PAGE_BYTES])


def key_of(customer: Any, *group: Any) -> Key:
    """Return the key of a customer, or of a customer and a group; None is the null group."""
    own = _comparable(customer)
    if not group:
        return own
    return (own, *(() if each is None else (_comparable(each),) for each in group))


def _comparable(value: Any) -> Any:
    """Return an id as an integer or as bytes, which compare in the order of the rows."""
    if isinstance(value, str):
        return value.encode()
    return value if isinstance(value, int | bytes) else value.bytes


def _keys_of(columns: Sequence[pa.Array[Any]]) -> _KeyAt:
    """Return the function that reads the key of a row."""
    own, *rest = map(_values_of, columns)
    if not rest:
        return own
    of_group, has_group = rest[0], _validity_of(columns[1])
    return lambda row: (own(row), (of_group(row),) if has_group(row) else ())


def _validity_of(column: pa.Array[Any]) -> Callable[[int], bool]:
    bitmap = column.buffers()[0]
    if bitmap is None:
        return lambda row: True  # noqa: ARG005 - every row has a value
    bits = memoryview(bitmap).cast("B")
    return lambda row: bool(bits[row >> 3] >> (row & 7) & 1)


def _values_of(column: pa.Array[Any]) -> Callable[[int], Any]:
    """Return the function that reads a value of a column; columns of files have no offset."""
    n_rows, kind = len(column), column.type
    _, first, *rest = (column.storage if isinstance(kind, pa.UuidType) else column).buffers()
    view = memoryview(first)
    if isinstance(kind, pa.UuidType):
        return lambda row: bytes(view[row * _UUID_BYTES : (row + 1) * _UUID_BYTES])
    if pa.types.is_integer(kind):
        whole = view[: n_rows * 8].cast("B")
        is_signed = pa.types.is_signed_integer(kind)
        return (whole.cast("q") if is_signed else whole.cast("Q")).__getitem__
    ends = view[: (n_rows + 1) * 4].cast("B").cast("i")
    data = memoryview(rest[0] or b"")
    return lambda row: bytes(data[ends[row] : ends[row + 1]])
