"""Read texts in kernels: trim blanks, and read and write bytes as words of 8 bytes."""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel


@kernel
def trim(data, begin, end):
    """Return the start and end of a text without the blanks around it."""
    while begin < end and (data[begin] == 32 or 9 <= data[begin] <= 13):
        begin += 1
    while begin < end and (data[end - 1] == 32 or 9 <= data[end - 1] <= 13):
        end -= 1
    return begin, end


@kernel
def word_at(data, at):
    """Return 8 bytes as a word; unrolled so that LLVM emits one load."""
    return (
        np.uint64(data[at])
        | np.uint64(data[at + np.uint64(1)]) << np.uint64(8)
        | np.uint64(data[at + np.uint64(2)]) << np.uint64(16)
        | np.uint64(data[at + np.uint64(3)]) << np.uint64(24)
        | np.uint64(data[at + np.uint64(4)]) << np.uint64(32)
        | np.uint64(data[at + np.uint64(5)]) << np.uint64(40)
        | np.uint64(data[at + np.uint64(6)]) << np.uint64(48)
        | np.uint64(data[at + np.uint64(7)]) << np.uint64(56)
    )


@kernel
def last_word(data, at, n):
    """Return fewer than 8 bytes as a word, padded with zeros."""
    word = np.uint64(0)
    for j in range(n):
        word |= np.uint64(data[at + np.uint64(j)]) << (np.uint64(j) << np.uint64(3))
    return word


@kernel
def word_of(data, start, length, number):
    """Return word `number` of a text; the last word is padded with zeros."""
    at = np.uint64(number) << np.uint64(3)
    left = length - at
    if left >= np.uint64(8):
        return word_at(data, start + at)
    return last_word(data, start + at, left)


@kernel
def write_text(data, start, length, words, place):
    """Write the length and the bytes of a text, padded to whole words; return the end."""
    words[place] = length
    place += np.uint64(1)
    for _ in range(length >> np.uint64(3)):
        words[place] = word_at(data, start)
        start += np.uint64(8)
        place += np.uint64(1)
    if length & np.uint64(7):
        words[place] = last_word(data, start, length & np.uint64(7))
        place += np.uint64(1)
    return place
