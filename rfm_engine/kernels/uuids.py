"""Convert UUIDs to text and back without a Python object per value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import texts, valid_mask, values

_CHARACTERS = 36
_DIGITS = [place for place in range(_CHARACTERS) if place not in (8, 13, 18, 23)]
_NIBBLES = np.zeros(256, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


def uuid_text(storage: pa.Array[Any]) -> pa.Array[Any]:
    """Return UUIDs, given as their 16 bytes, as text of 36 characters; null stays null."""
    import pyarrow.compute as pc

    raw = values(storage, np.uint8).tobytes()  # the bytes of nulls are arbitrary
    text = np.full((len(storage), _CHARACTERS), ord("-"), np.uint8)
    text[:, _DIGITS] = np.frombuffer(raw.hex().encode(), np.uint8).reshape(-1, len(_DIGITS))
    ends = np.arange(len(storage) + 1, dtype=np.int32) * np.int32(_CHARACTERS)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(text)]
    words = pa.Array.from_buffers(pa.string(), len(storage), buffers)
    # Not `pa.scalar` or `pa.array`, because they import pandas if it is installed.
    return pc.if_else(storage.is_valid(), words, pa.nulls(len(storage), pa.string()))


def uuid_bytes(text: pa.Array[Any]) -> pa.Array[Any]:
    """Return the 16 bytes of UUIDs that are lower-case text of 36 characters; null stays null."""
    data, offsets = texts(text.drop_null())
    digits = _NIBBLES[data[offsets[0] : offsets[-1]].reshape(-1, _CHARACTERS)[:, _DIGITS]]
    known = valid_mask(text)
    found = np.zeros((len(text), len(_DIGITS) // 2), np.uint8)
    found[slice(None) if known is None else known] = digits[:, ::2] << 4 | digits[:, 1::2]
    bits = None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(16), len(text), [bits, pa.py_buffer(found)])
