"""Sort the scores of all customers with several threads.

A radix sort takes one pass per 11 bits in which scores differ, so that small integers take one or
two passes, and floats six. For 10 million floats, `numpy.argsort` takes several times as long.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Positions, Words

_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS
_TOP = np.uint64(1 << 63)
# A call takes a few milliseconds.
_PIECE = 1 << 20


class Sorted(NamedTuple):
    """Customers in ascending order of their scores, `uint32[n]`, and words in the same order.

    Words, `uint64[n]` in ascending order, are equal where scores are equal.
    """

    order: Positions
    words: Words

    @classmethod
    def of(cls, scores: Floats | Integers, pool: Executor) -> Sorted:
        """Sort scores that are not NaN; customers with equal scores keep their order."""
        n = len(scores)
        order, words = np.arange(n, dtype=np.uint32), _words_of(scores)
        pieces = [slice(start, min(start + _PIECE, n)) for start in range(0, n, _PIECE)]
        differences = int(np.bitwise_or.reduce(words ^ words[0])) if n else 0
        found, room = cls(order, words), cls(np.empty_like(order), np.empty_like(words))
        for shift in range(0, 64, _DIGIT_BITS):
            if differences >> shift & _DIGITS - 1:
                found._sort_by_digit(shift, room, pieces, pool)
                found, room = room, found
        return found

    def _sort_by_digit(self, shift: int, room: Sorted, pieces: list[slice], pool: Executor) -> None:
        """Write the customers to `room`, sorted by one digit; equal digits keep their order."""
        digit = np.uint64(shift)

        def count(piece: slice) -> Integers:
            counts = np.zeros(_DIGITS, np.int64)
            count_digits(frozen(self.words[piece]), digit, counts)
            return counts

        by_digit = np.array(list(pool.map(count, pieces))).T
        before = by_digit.ravel().cumsum() - by_digit.ravel()
        places = np.ascontiguousarray(before.reshape(by_digit.shape).T)

        def move(task: tuple[slice, Integers]) -> None:
            piece, next_place = task
            mine = Sorted(frozen(self.order[piece]), frozen(self.words[piece]))
            move_digits(mine, digit, next_place, room)

        list(pool.map(move, list(zip(pieces, places, strict=True))))


def _words_of(scores: Floats | Integers) -> Words:
    """Return words that sort as the scores do."""
    if scores.dtype == np.int64:
        return scores.view(np.uint64) ^ _TOP
    # Adding 0 turns -0 into 0. All bits of negative floats are inverted.
    words = (scores + 0.0).view(np.uint64)
    is_negative = words >= _TOP
    words ^= _TOP
    words[is_negative] ^= _TOP - np.uint64(1)
    return words


@kernel
def count_digits(words, shift, counts):
    """Count the words by their digit from bit `shift` on."""
    for i in range(len(words)):
        counts[(words[i] >> shift) & np.uint64(_DIGITS - 1)] += 1


@kernel
def move_digits(some, shift, next_place, moved):
    """Move each customer and its word to the next place of its digit; both are `Sorted`."""
    for i in range(len(some.words)):
        digit = (some.words[i] >> shift) & np.uint64(_DIGITS - 1)
        place = next_place[digit]
        next_place[digit] = place + 1
        moved.order[place] = some.order[i]
        moved.words[place] = some.words[i]
