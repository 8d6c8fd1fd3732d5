"""Read the header of CSV: the names of the columns, and the `sep=` line of Excel before them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message
from rfm_engine.orders.csv_format import DEFAULT_DELIMITER, SPACE, UTF_8, CsvFormat, is_delimiter
from rfm_engine.orders.sources.blanks import squeezed
from rfm_engine.orders.sources.decoding import not_utf_8
from rfm_engine.orders.sources.records import first_row_end

HEADER_BYTES = 1 << 20

_SEP = re.compile(rb"sep=(.)(?:\r\n|\r|\n|\Z)", re.IGNORECASE | re.DOTALL)


class Header(NamedTuple):
    """The part of a CSV file before its rows.

    Attributes
    ----------
    names
        The names of the columns.
    delimiter
        The separator of fields, in the header and in the rows.
    n_bytes
        The number of bytes before the first row, in UTF-8.
    is_all
        Whether no row follows.
    """

    names: tuple[str, ...]
    delimiter: str
    n_bytes: int
    is_all: bool

    @property
    def delimiters(self) -> bytes:
        """The bytes that separate fields."""
        return delimiters_of(self.delimiter)


def named_delimiter(head: bytes) -> tuple[str, int] | None:
    """Return the delimiter that a first line such as `sep=;` names, and the bytes of this line."""
    line = _SEP.match(head)
    if line is None or not is_delimiter(line[1].decode("ascii", "replace")):
        return None
    return line[1].decode("ascii"), line.end()


def delimiters_of(delimiter: str) -> bytes:
    """Return the bytes of a delimiter."""
    return b" \t" if delimiter == SPACE else delimiter.encode()


def header_of(head: bytes, codec: str, delimiter: str, format: CsvFormat, name: str) -> Header:  # noqa: A002
    """Read the header from the first bytes of a file.

    A first line such as `sep=;` sets the delimiter.

    Raises
    ------
    DataError
        The header is not in the encoding.
    UsageError
        The first line names another delimiter than the requested one.
    ValueError
        The file has no header.
    """
    is_whole = len(head) < HEADER_BYTES
    text = _decoded(head, codec)
    start = len(codecs.BOM_UTF8) if text.startswith(codecs.BOM_UTF8) else 0
    first = named_delimiter(text[start:])
    if first is not None:
        named, n_bytes = first
        if format.delimiter not in (DEFAULT_DELIMITER, named):
            raise UsageError(
                message(
                    "{csv_delimiter} must be {!r}, as the first line of {} says; got {!r}. "
                    "Leave it out.",
                    named,
                    name,
                    format.delimiter,
                )
            )
        delimiter, start = named, start + n_bytes
    while text[start : start + 1] in (b"\r", b"\n"):
        start += 1
    end = first_row_end(text[start:], delimiters_of(delimiter))
    if end < 0:
        if not is_whole:
            raise ValueError("no header: no line end in the first MiB")
        end = len(text) - start
    names = _names(text[start : start + end], delimiter, name)
    is_all = is_whole and not text[start + end :].strip()
    return Header(tuple(names), delimiter, start + end, is_all)


def without_first(pieces: Iterable[bytes], n_bytes: int) -> Iterator[bytes]:
    """Yield the pieces of a text without its first bytes."""
    for piece in pieces:
        if n_bytes < len(piece):
            yield piece[n_bytes:] if n_bytes else piece
        n_bytes = max(n_bytes - len(piece), 0)


def _decoded(head: bytes, codec: str) -> bytes:
    """Return the text before any undefined bytes, which are refused when rows are read."""
    if codec == UTF_8:
        return head
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        return decoder.decode(head).encode()
    except UnicodeDecodeError as error:
        return error.object[: error.start].decode(codec).encode()


def _names(line: bytes, delimiter: str, name: str) -> list[str]:
    if delimiter == SPACE:
        line, delimiter = squeezed(line).to_pybytes(), " "
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise not_utf_8(f"the header of {name}") from None
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise ValueError(f"no header: {error}") from error
