"""Read files in any encoding as pieces of UTF-8 text, in order."""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.options.messages import message
from rfm_engine.orders.csv_format import UTF_8

PIECE_BYTES = 1 << 22

_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MARKS = {codecs.BOM_UTF8: UTF_8} | dict.fromkeys(_UTF_16, "utf-16")


class EncodingError(DataError):
    """CSV in another encoding than that it is read with.

    Attributes
    ----------
    got
        What was found, and where, for messages of commands without `csv_encoding`.
    """

    def __init__(self, said: str, got: str = "") -> None:
        super().__init__(said)
        self.got = got


def not_utf_8(where: str) -> EncodingError:
    """Return the error for a text that is not UTF-8; `where` is its place."""
    said = message(
        "CSV must be in UTF-8; got other bytes in {}. Read it with {csv_encoding:cp1252}, or "
        "latin-1 (a program cannot detect which; Windows writes cp1252), or save it as UTF-8.",
        where,
    )
    return EncodingError(said, f"other bytes in {where}")


def codec_of(head: bytes, encoding: str, name: str) -> str:
    """Return Python's name of the encoding of a file that begins with `head`.

    Raises
    ------
    DataError
        The file begins with the byte order mark of another encoding.
    """
    if head.startswith(_UTF_32):
        raise DataError(f"{name} must not be in UTF-32; got its byte order mark. Save it as UTF-8.")
    marked = next((kind for mark, kind in _MARKS.items() if head.startswith(mark)), None)
    if marked is None and encoding == "utf-16":
        said = message(
            "{} must begin with a byte order mark to be read as UTF-16; got none. "
            "Leave {csv_encoding} out, or save it as UTF-8.",
            name,
        )
        raise EncodingError(said, f"no byte order mark in {name}")
    if marked is not None and marked != encoding:
        advice = message("Use {csv_encoding:utf-16}.")
        if marked == UTF_8:
            advice = message("Leave {csv_encoding} out.")
        got = f"the byte order mark of {marked.upper()}"
        said = message("{} must be in {}; got {}. {}", name, encoding, got, advice)
        raise EncodingError(said, f"{got} in {name}")
    return _UTF_16[head[:2]] if encoding == "utf-16" else encoding


def pieces_of(stream: pa.NativeFile, codec: str) -> Generator[bytes, None, None]:
    """Yield the text of a stream in UTF-8, a few MiB at a time.

    The next piece is read while the caller processes the current one. No Python object is passed
    to a thread of Arrow: `pyarrow.transcoding_input_stream` would call Python from such a thread,
    and a process that exits meanwhile would abort.

    Raises
    ------
    UnicodeDecodeError
        The stream contains bytes that the encoding does not define. The text before them was
        already yielded.
    """
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(stream.read, PIECE_BYTES)
        decoder = None if codec == UTF_8 else codecs.getincrementaldecoder(codec)()
        while piece := following.result():
            following = reader.submit(stream.read, PIECE_BYTES)
            yield from [piece] if decoder is None else _decoded(decoder, piece, is_last=False)
        if decoder is not None:
            yield from _decoded(decoder, b"", is_last=True)


def _decoded(decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool) -> Iterator[bytes]:
    try:
        yield decoder.decode(piece, is_last).encode()
    except UnicodeDecodeError as error:
        yield error.object[: error.start].decode(error.encoding).encode()
        raise
