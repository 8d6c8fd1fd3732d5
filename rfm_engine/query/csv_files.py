"""The format of CSV files about customers: that of the orders, or the one of this library."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rfm_engine.orders.csv_format import DEFAULT_DELIMITER, UTF_8, CsvFormat
from rfm_engine.orders.sources.discovery import File, Input

_DELIMITERS = (DEFAULT_DELIMITER, ";", "\t")
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_PIECE = 1 << 20


def csv_format_of(files: Sequence[Input], orders: CsvFormat) -> CsvFormat:
    """Return the format of CSV files about customers.

    It is that of the orders. But lists come from other programs than orders, and this library
    writes commas and UTF-8: if the first line does not have the delimiter of the orders, and has
    another usual one, that one separates; and a file that is UTF-8 is read as UTF-8.

    Parameters
    ----------
    files
        The files; those that are no CSV are not looked at.
    orders
        The format of the orders.
    """
    first = next((each for each in files if isinstance(each, File) and _is_csv(each)), None)
    if first is None:
        return orders
    found = orders
    if orders.encoding != UTF_8 and _is_utf8(first):
        found = replace(found, encoding=UTF_8)
    line = next(_pieces(first), b"").partition(b"\n")[0].decode(found.encoding, "replace")
    if found.delimiter not in line:
        other = next((each for each in _DELIMITERS if each in line), found.delimiter)
        found = replace(found, delimiter=other)
    return found


def _is_csv(file: File) -> bool:
    names = [file.path.lower().removesuffix(ending) for ending in ("", *_COMPRESSIONS)]
    return any(name.endswith((".csv", ".tsv", ".txt")) for name in names)


def _is_utf8(file: File) -> bool:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        for piece in _pieces(file):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _pieces(file: File) -> Iterator[bytes]:
    ending = next((each for each in _COMPRESSIONS if file.path.lower().endswith(each)), None)
    with file.open_stream(None if ending is None else _COMPRESSIONS[ending]) as stream:
        while piece := stream.read(_PIECE):
            yield piece
