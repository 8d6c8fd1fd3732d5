"""Recognise the content of a file by its first bytes, not by its name."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from rfm_engine.errors import DataError
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.guard import reading

Content = Literal["csv", "parquet", "ipc file", "ipc stream"]

_CSV_NAME = re.compile(r"\.(?:csv|tsv|txt)(?:\.(?:gz|zst|bz2))?$", re.IGNORECASE)
_OTHER_NAME = re.compile(r"\.(?:parquet|pq|arrow|arrows|feather|ipc)$", re.IGNORECASE)
_HEAD_BYTES = 512
_TAR = slice(257, 262)
_BZ2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Recognised(NamedTuple):
    """The content of a file.

    Attributes
    ----------
    content
        The format of the orders.
    compression
        Arrow's name of the compression of the whole file, or None.
    """

    content: Content
    compression: str | None = None


def recognise(file: File) -> Recognised:
    """Recognise a file by its first bytes.

    Raises
    ------
    DataError
        The file is empty or has no known format, its file name extension contradicts its content,
        or the whole file is compressed and does not contain CSV.
    """
    with reading(file.name, "orders"), file.open() as handle:
        head = handle.read(_HEAD_BYTES)
    if not head:
        raise DataError(f"{file.name} must contain rows; got an empty file. Export it again.")
    packed = _compression(head)
    if packed is not None:
        with reading(file.name, f"readable {packed}"), file.open_stream(packed) as stream:
            head = stream.read(_HEAD_BYTES)
    archive = _archive(head)
    if archive is not None:
        raise DataError(f"{file.name} must be Parquet, Arrow IPC or CSV; got {archive}")
    is_csv_name = _CSV_NAME.search(file.path) is not None
    content = _content(head, is_csv_name=is_csv_name)
    if packed is not None:
        _check_packed(file, head, content, packed, is_csv_name=is_csv_name)
        content = "csv"
    if _OTHER_NAME.search(file.path) and content in (None, "csv"):
        raise DataError(
            f"{file.name} must contain Parquet or Arrow IPC because of its extension; got other "
            "content. Rename it, or write it again."
        )
    if content is not None:
        return Recognised(content, packed)
    if is_csv_name:
        return Recognised("csv")
    raise DataError(
        f"{file.name} must be Parquet, Arrow IPC or CSV (with the extension .csv, .tsv or .txt, "
        "also with .gz, .zst or .bz2); got none of them. Convert it or leave it out."
    )


_WORDS: dict[Content, str] = {
    "csv": "compressed text", "parquet": "Parquet", "ipc file": "an Arrow IPC file",
    "ipc stream": "an Arrow IPC stream",
}  # fmt: skip


def _compression(head: bytes) -> str | None:
    if _BZ2.match(head):
        return "bz2"
    return next((name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None)


def _archive(head: bytes) -> str | None:
    """Name an archive or a workbook and what to do with it; None for other content."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if b"[Content_Types].xml" in head or b"xl/" in head:
            return "an Excel workbook. Save it as CSV."
        return "a ZIP archive or an Excel workbook. Unpack the archive; save a workbook as CSV."
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "an old Excel workbook. Save it as CSV."
    if head[_TAR] == b"ustar":
        return "a tar archive. Unpack it."
    return None


def _content(head: bytes, *, is_csv_name: bool) -> Content | None:
    # A CSV header may begin with these letters, but the next bytes of Parquet are not text.
    is_text = is_csv_name and head[:8].isascii() and head[:8].decode("ascii").isprintable()
    if head[:4] in (b"PAR1", b"PARE") and not is_text:
        return "parquet"
    if head[:8] == b"ARROW1\0\0":
        return "ipc file"
    if head[:4] == b"\xff\xff\xff\xff":
        return "ipc stream"
    return None


def _check_packed(
    file: File, head: bytes, content: Content | None, packed: str, *, is_csv_name: bool
) -> None:
    """Refuse content that cannot be read from a compressed file."""
    inside = None if content is None else _WORDS[content]
    if _compression(head) is not None:
        inside = "another compressed file"
    elif inside is None and not is_csv_name and b"\0" in head and not head.startswith(_UTF_16):
        inside = "data of no known format"
    if inside is not None:
        raise DataError(
            f"{file.name} must contain CSV because it is compressed as a whole with {packed}; got "
            f"{inside} in it. Decompress the file first."
        )
