"""Parquet footers that no writer creates: the compact protocol of Thrift, written by hand."""

from __future__ import annotations

from typing import Any

_KINDS = {int: 6, bytes: 8, list: 9, dict: 12}


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def thrift(value: Any) -> bytes:
    """Encode ints as i64, bytes, lists of one kind, and dicts by field number."""
    if isinstance(value, int):
        return varint(value * 2 if value >= 0 else -value * 2 - 1)
    if isinstance(value, bytes):
        return varint(len(value)) + value
    if isinstance(value, list):
        kind = _KINDS[type(value[0])] if value else 12
        return bytes([0xF0 | kind]) + varint(len(value)) + b"".join(map(thrift, value))
    fields = (bytes([_KINDS[type(v)]]) + thrift(n) + thrift(v) for n, v in value.items())
    return b"".join(fields) + b"\0"


def chunk(**changed: Any) -> dict[int, Any]:
    """Return a column chunk of 10 values in bytes 4 to 104."""
    about = {
        "type": 2, "path": [b"a"], "values": 10, "unpacked": 100, "held": 100, "start": 4,
        "dictionary": None,
    } | changed  # fmt: skip
    numbers = {"type": 1, "path": 3, "values": 5, "unpacked": 6, "held": 7, "start": 9}
    numbers["dictionary"] = 11
    return {3: {numbers[k]: v for k, v in about.items() if v is not None}}


def footer(*groups: list[dict[int, Any]], rows: int | None = None, repetition: int = 0) -> bytes:
    """Return a footer of row groups of 10 rows each."""
    leaf = {1: 2, 3: repetition, 4: b"a"}
    return thrift(
        {
            1: 1,
            2: [{4: b"schema", 5: 1}, leaf],
            3: 10 * len(groups) if rows is None else rows,
            4: [{1: chunks, 2: 100, 3: 10} for chunks in groups],
        }
    )


def parquet(about: bytes, magic: bytes = b"PAR1") -> bytes:
    """Return a file of 200 bytes of pages and the given footer."""
    return b"PAR1" + bytes(200) + about + len(about).to_bytes(4, "little") + magic
