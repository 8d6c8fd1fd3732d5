"""Bit packing as in Parquet: least significant bit first."""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel


@kernel
def pack(numbers, width, out, at):
    """Write a multiple of 32 numbers of `width` bits to `out[at:]`; return the end."""
    waiting = np.uint64(0)
    n_bits = np.uint64(0)
    low_bits = min(width, np.uint64(32))
    for i in range(len(numbers)):
        number = numbers[i]
        waiting |= (number & np.uint64(0xFFFFFFFF)) << n_bits
        n_bits += low_bits
        if n_bits >= np.uint64(32):
            at = put_word(out, at, waiting)
            waiting >>= np.uint64(32)
            n_bits -= np.uint64(32)
        if width > np.uint64(32):
            waiting |= (number >> np.uint64(32)) << n_bits
            n_bits += width - np.uint64(32)
            if n_bits >= np.uint64(32):
                at = put_word(out, at, waiting)
                waiting >>= np.uint64(32)
                n_bits -= np.uint64(32)
    return at


@kernel
def put_word(out, at, word):
    """Write the low 32 bits and return the end; unrolled so that LLVM emits one store."""
    out[at] = np.uint8(word & np.uint64(255))
    out[at + np.uint64(1)] = np.uint8((word >> np.uint64(8)) & np.uint64(255))
    out[at + np.uint64(2)] = np.uint8((word >> np.uint64(16)) & np.uint64(255))
    out[at + np.uint64(3)] = np.uint8((word >> np.uint64(24)) & np.uint64(255))
    return at + np.uint64(4)


@kernel
def put_varint(out, at, number):
    """Write an unsigned LEB128 number and return the end."""
    while number >= np.uint64(128):
        out[at] = np.uint8((number & np.uint64(127)) | np.uint64(128))
        at += np.uint64(1)
        number >>= np.uint64(7)
    out[at] = np.uint8(number)
    return at + np.uint64(1)


@kernel
def n_bits_of(number):
    """Return the bit length of a number."""
    n_bits = np.uint64(0)
    while number != 0:
        number >>= np.uint64(1)
        n_bits += np.uint64(1)
    return n_bits
