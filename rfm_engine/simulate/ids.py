"""Customer ids: they depend only on the number of the customer, not on the seed."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.types import Words
from rfm_engine.simulate.mixing import key_of, mix_63, mix_64

Ids: TypeAlias = Literal["int", "dense", "string", "uuid"]
IDS: tuple[str, ...] = get_args(Ids)

_HALVES = key_of(1), key_of(2)


def customer_column(customers: Words, ids: Ids) -> pa.Array:
    """Return the ids of customers with these numbers."""
    if ids == "dense":
        return pa.array(customers.view(np.int64))
    if ids == "int":
        return pa.array(mix_63(customers).view(np.int64))
    words = np.stack([mix_64(customers, key) for key in _HALVES], axis=1)
    if ids == "string":
        return _hexadecimal(words)
    octets = words.view(np.uint8).reshape(-1, 16)
    octets[:, 6] = octets[:, 6] & 0x0F | 0x40  # version 4, variant 1, as readers expect
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80
    storage = pa.Array.from_buffers(pa.binary(16), len(words), [None, pa.py_buffer(octets)])
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def _hexadecimal(words: Words) -> pa.Array:
    text = pa.py_buffer(words.tobytes().hex().encode())
    ends = pa.py_buffer(np.arange(len(words) + 1, dtype=np.int32) * 32)
    return pa.StringArray.from_buffers(len(words), ends, text)
