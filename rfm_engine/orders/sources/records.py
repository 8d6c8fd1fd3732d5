"""Where the rows of CSV end: pieces of text become blocks of whole rows.

Arrow can do so too, but it takes whatever follows an open quote for one value: a stray quote
would hide the rows after it without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen

_LONGEST_ROW = 1 << 26
_QUOTE = b'"'
_LINE_END = re.compile(rb"\r\n|\r|\n")


class BrokenRowError(ValueError):
    """The row after all those that were yielded cannot be told from the rows after it."""

    def __init__(self, contract: str, got: str, advice: str) -> None:
        super().__init__(contract)
        self.contract, self.got, self.advice = contract, got, advice


class Ends(NamedTuple):
    """Where whole rows end in a block.

    Attributes
    ----------
    end
        The byte after the last line end outside of quotes.
    is_open
        Whether a quote after it is not closed.
    is_torn
        Whether a value after it has a line end, and ends with a quote inside a field.
    """

    end: int
    is_open: bool = False
    is_torn: bool = False


def blocks_of(pieces: Iterable[bytes], delimiters: bytes) -> Iterator[bytes | memoryview]:
    """Yield blocks of whole rows, the last one with or without a line end.

    A block is only valid until the next one is asked for.

    Raises
    ------
    BrokenRowError
        A quote is not closed, or closed inside a field of a later row; or a row is very long.
    """
    rest = b""
    room = bytearray()
    for piece in pieces:
        if _QUOTE in piece or _QUOTE in rest:
            rest += piece
            ends = ends_of(rest, delimiters, is_last=False)
            if ends.end:
                yield rest[: ends.end]
                rest = rest[ends.end :]
            _check(ends)
        elif end := _last_line_end(piece, len(piece)):
            # Into the same memory each time: new memory takes four times as long to fill.
            n_bytes = len(rest) + end
            if len(room) < n_bytes:
                room = bytearray(n_bytes + len(piece))
            block = memoryview(room)
            block[: len(rest)] = rest
            block[len(rest) : n_bytes] = memoryview(piece)[:end]
            yield block[:n_bytes]
            rest = piece[end:]
        else:
            rest += piece
        if len(rest) > _LONGEST_ROW:
            raise BrokenRowError(
                f"rows must be shorter than {_LONGEST_ROW >> 20} MiB", "a longer one",
                "Check whether a quote is not closed.",
            )  # fmt: skip
    ends = ends_of(rest, delimiters, is_last=True)
    if ends.end:
        yield rest[: ends.end]
    _check(ends)
    if ends.is_open:
        raise BrokenRowError(
            "quotes must be closed", "one that is still open at the end of the file",
            "Check the quotes of that row, and whether the file was cut off.",
        )  # fmt: skip


def _check(ends: Ends) -> None:
    if ends.is_torn:
        raise BrokenRowError(
            "a quoted value must end before a delimiter or a line end",
            "one over several lines that ends elsewhere",
            "Check whether the quote before it is closed.",
        )


def ends_of(block: bytes, delimiters: bytes, *, is_last: bool) -> Ends:
    """Look for the last line end that is no part of a value; the last block ends without one."""
    if _QUOTE not in block:
        return Ends(len(block) if is_last else _last_line_end(block, len(block)))
    data = frozen(np.frombuffer(block, np.uint8))
    quotes = frozen(np.flatnonzero(data == ord(_QUOTE)))
    stop = len(block) if is_last else _last_line_end(block, len(block))
    is_open = is_torn = False
    while stop:
        opened, torn = open_quote(data, quotes, stop, delimiters[0], delimiters[-1])
        if opened < 0:
            break
        is_open, is_torn = True, is_torn or bool(torn)
        stop = _last_line_end(block, opened)
    return Ends(stop, is_open, is_torn)


def first_row_end(block: bytes, delimiters: bytes) -> int:
    """Return where the first row ends, line end included; -1 where it goes on."""
    data = frozen(np.frombuffer(block, np.uint8))
    quotes = frozen(np.flatnonzero(data == ord(_QUOTE)))
    for match in _LINE_END.finditer(block):
        opened, _ = open_quote(data, quotes, match.end(), delimiters[0], delimiters[-1])
        if opened < 0:
            return match.end()
    return -1


def _last_line_end(block: bytes, stop: int) -> int:
    return max(block.rfind(b"\n", 0, stop), block.rfind(b"\r", 0, stop)) + 1


@kernel
def open_quote(data, quotes, stop, delimiter, other):
    """Return the quote that is open before `stop`, -1 without one, and whether a value is torn.

    `quotes` are the places of all quotes, `int64[n]`. A torn value is taken for an open one. Two
    quotes in a quoted value are one quote. A quote opens a value only at the start of a field.
    """
    opened = np.int64(-1)
    i = 0
    while i < len(quotes) and quotes[i] < stop:
        at = quotes[i]
        if opened < 0:
            if at == 0 or is_boundary(data[at - 1], delimiter, other):
                opened = at
        elif at + 1 < stop and data[at + 1] == ord('"'):
            i += 1
        else:
            is_end = at + 1 >= stop or is_boundary(data[at + 1], delimiter, other)
            if not is_end and has_line_end(data, opened, at):
                return opened, True
            opened = np.int64(-1)
        i += 1
    return opened, False


@kernel
def is_boundary(byte, delimiter, other):
    """Tell whether a field can begin after this byte, or end before it."""
    return byte in (delimiter, other, 10, 13)  # or a line ends here


@kernel
def has_line_end(data, at, end):
    """Tell whether a line ends between two places."""
    while at < end and data[at] != ord("\n") and data[at] != ord("\r"):
        at += 1
    return at < end
