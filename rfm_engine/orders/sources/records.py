"""Split the text of a CSV file into blocks of whole rows.

Arrow can do this too, but it reads everything after an open quote as one value. A stray quote
would silently hide the rows after it.
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
    """The end of the row after those already yielded cannot be found."""

    def __init__(self, contract: str, got: str, advice: str) -> None:
        super().__init__(contract)
        self.contract, self.got, self.advice = contract, got, advice


class Ends(NamedTuple):
    """The position where the whole rows of a block end.

    Attributes
    ----------
    end
        The byte after the last line end outside of quotes.
    is_open
        Whether a quote after `end` is not closed.
    is_torn
        Whether a quoted value after `end` contains a line end, and its closing quote is followed
        by more text of the same field.
    """

    end: int
    is_open: bool = False
    is_torn: bool = False


def blocks_of(pieces: Iterable[bytes], delimiters: bytes) -> Iterator[bytes | memoryview]:
    """Yield blocks of whole rows, the last one with or without a line end.

    A block is valid only until the next block is requested, because its memory is reused.

    Raises
    ------
    BrokenRowError
        A quote is not closed, or is closed inside a field of a later row, or a row is longer than
        64 MiB.
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
            # Reuse the same memory, because new memory takes four times as long to fill.
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
            "quotes must be closed", "a quote that is still open at the end of the file",
            "Check the quotes of that row, and whether the file was truncated.",
        )  # fmt: skip


def _check(ends: Ends) -> None:
    if ends.is_torn:
        raise BrokenRowError(
            "a quoted value must end before a delimiter or a line end",
            "a value over several lines that ends elsewhere",
            "Check whether the quote before it is closed.",
        )


def ends_of(block: bytes, delimiters: bytes, *, is_last: bool) -> Ends:
    """Find the last line end outside of a quoted value; the last block may end without one."""
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
    """Return the position after the line end of the first row, -1 if the row does not end."""
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
    """Return the position of the quote that is open before `stop`, and whether a value is torn.

    The position is -1 if no quote is open. `quotes`, `int64[n]`, contains the positions of all
    quotes. A torn value counts as open. Two quotes inside a quoted value are one quote. A quote
    opens a value only at the start of a field.
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
    """Tell whether a line ends between two positions."""
    while at < end and data[at] != ord("\n") and data[at] != ord("\r"):
        at += 1
    return at < end
