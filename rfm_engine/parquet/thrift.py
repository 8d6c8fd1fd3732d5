"""The compact protocol of Thrift, as far as Parquet uses it.

pyarrow gives access to the footer of a file, but some of its accessors end the process instead of
raising an exception if the footer is contradictory (a column chunk that claims to be encrypted).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Struct: TypeAlias = dict[int, Any]
"""Values by field number: int, bool, bytes, list, dict, or None if no code uses the value."""

(
    _STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, STRUCT,
    _UUID,
) = range(14)  # fmt: skip
_LONG = 15  # Longer lists store their length separately.
_DEEPEST = 32


@dataclass(slots=True)
class Compact:
    """A reading position in bytes. Any error in the bytes raises ValueError."""

    data: bytes
    at: int = 0
    depth: int = 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield number and kind of each field of a struct; read its value before the next field."""
        number = 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            yield number, head & 15

    def struct(self) -> Struct:
        """Read a struct with all its values."""
        return {number: self.value(kind) for number, kind in self.fields()}

    def items(self) -> Iterator[int]:
        """Yield the kind of each item of a list; read the item before the next one."""
        head = self._byte()
        size = head >> 4 if head >> 4 != _LONG else self._varint()
        # Every item has at least one byte, so that a wrong size cannot exhaust memory.
        if size > len(self.data) - self.at:
            raise ValueError(f"a list of {size} items")
        for _ in range(size):
            yield head & 15

    def value(self, kind: int) -> Any:
        """Read the value of a field."""
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        return self._item(kind)

    def _item(self, kind: int) -> Any:
        if _BYTE < kind <= _I64:
            return self._zigzag()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind in (STRUCT, _LIST, _SET):
            if self.depth == _DEEPEST:
                raise ValueError("structures nested too deeply")
            self.depth += 1
            nested = self.struct() if kind == STRUCT else [self._item(k) for k in self.items()]
            self.depth -= 1
            return nested
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind in (_DOUBLE, _UUID):
            return self._bytes(8 if kind == _DOUBLE else 16)
        raise ValueError("a map" if kind == _MAP else f"a value of kind {kind}")

    def _byte(self) -> int:
        if self.at >= len(self.data):
            raise ValueError("a footer that ends too early")
        self.at += 1
        return self.data[self.at - 1]

    def _bytes(self, n_bytes: int) -> bytes:
        start, self.at = self.at, self.at + n_bytes
        if self.at > len(self.data):
            raise ValueError(f"a value of {n_bytes} bytes")
        return self.data[start : self.at]

    def _varint(self) -> int:
        byte = self._byte()
        value, shift = byte & 127, 7
        while byte & 128:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if shift > 70:
                raise ValueError("a number of more than 64 bits")
        return value

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


class Written(NamedTuple):
    """A value as bytes, and its kind."""

    kind: int
    data: bytes


def integer(value: int, n_bits: int = 64) -> Written:
    """Write an integer of 16, 32 or 64 bits."""
    return Written({16: _I16, 32: _I32, 64: _I64}[n_bits], varint(value << 1 ^ value >> 63))


def binary(value: bytes) -> Written:
    """Write bytes, or the bytes of a text."""
    return Written(_BINARY, varint(len(value)) + value)


def struct(fields: Mapping[int, Written]) -> Written:
    """Write a struct from its fields by number, ascending and less than 16 apart."""
    parts, last = [], 0
    for number, (kind, data) in fields.items():
        parts += [bytes([(number - last) << 4 | kind]), data]
        last = number
    return Written(STRUCT, b"".join(parts) + bytes([_STOP]))


def sequence(items: Sequence[Written]) -> Written:
    """Write a list of at least one item; all are of one kind."""
    n, kind = len(items), items[0].kind
    head = bytes([n << 4 | kind]) if n < _LONG else bytes([_LONG << 4 | kind]) + varint(n)
    return Written(_LIST, head + b"".join(item.data for item in items))


def varint(value: int) -> bytes:
    """Write a non-negative number as unsigned LEB128."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
