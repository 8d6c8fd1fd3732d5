"""Guess the encoding of text from all bytes that were read."""

from __future__ import annotations

import codecs

from rfm_engine.guesses.guess import Alternative, Guess

_ASCII = bytes(range(0x80))
_UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
_QUOTES_AND_SIGNS = frozenset(range(0x80, 0xA0))
_MARKS = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}


class Encoding:
    """Decide on an encoding while the bytes of files pass."""

    def __init__(self) -> None:
        self._utf_8 = codecs.getincrementaldecoder("utf-8")()
        self._is_utf_8 = True
        self._is_utf_16 = False
        self._high: set[int] = set()

    def begin(self, head: bytes) -> None:
        """Look at the first bytes of a file."""
        self._is_utf_16 |= head[:2] in _MARKS
        self._utf_8.reset()

    def add(self, piece: bytes) -> None:
        """Look at the next bytes of a file."""
        self._high.update(piece.translate(None, _ASCII))
        if self._is_utf_8:
            try:
                self._utf_8.decode(piece)
            except UnicodeDecodeError:
                self._is_utf_8 = False

    def guess(self) -> Guess:
        """Return the encoding of the bytes seen; None is UTF-8."""
        if self._is_utf_16:
            return Guess("csv_encoding", "utf-16", "the file begins with the mark of UTF-16")
        if self._is_utf_8:
            return Guess("csv_encoding", None, "all text is UTF-8")
        if self._high & _UNDEFINED:
            return Guess("csv_encoding", "latin-1", "some bytes are neither UTF-8 nor cp1252")
        latin = Alternative("latin-1", "if the file does not come from Windows")
        return Guess(
            "csv_encoding", "cp1252", "the text is not UTF-8; programs on Windows write cp1252",
            (latin,) if self._high & _QUOTES_AND_SIGNS else (),
        )  # fmt: skip
