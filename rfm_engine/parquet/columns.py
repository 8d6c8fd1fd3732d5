"""Our own encoders for columns without nulls: integers, fixed-size binary, dictionary indices.

Each encoder returns the pages and the metadata of a column chunk. Pages have version 1, as in
Arrow: definition levels, all 1 because no value is null, then the values, uncompressed. The columns
of the result take 25 ns per customer with an integer id, and 103 ns with Arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen, texts, values
from rfm_engine.kernels.types import Bytes, Mask
from rfm_engine.parquet.bits import pack
from rfm_engine.parquet.delta import encode_delta
from rfm_engine.parquet.thrift import Written, binary, integer, sequence, struct, varint

# Types, encodings, page types and codec as numbered in parquet.thrift.
BOOLEAN, INT32, INT64, BYTE_ARRAY, FIXED = 0, 1, 2, 6, 7
PLAIN, RLE, DELTA, RLE_DICTIONARY = 0, 3, 5, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
UNCOMPRESSED = 0

_PAGE_ROWS = 1 << 17
_PACK_ROWS = 32


class Encoded(NamedTuple):
    """The pages of a column chunk, and its metadata except for page offsets."""

    pages: list[Bytes | bytes]
    about: dict[int, Written]
    dictionary_bytes: int

    def column_chunk(self, start: int) -> Written:
        """Return the metadata of the chunk if its first page is at byte `start` of the file."""
        about = self.about | {9: integer(start + self.dictionary_bytes)}
        if self.dictionary_bytes:
            about[11] = integer(start)
        return struct({2: integer(0), 3: struct(dict(sorted(about.items())))})


def encode_numbers(name: str, numbers: npt.NDArray[Any], encoding: int) -> Encoded:
    """Encode integers of 32 or 64 bits as PLAIN or DELTA."""
    n_bits, cut = 8 * numbers.itemsize, _cut(numbers)
    if encoding == PLAIN:
        bodies = [frozen(page).view(np.uint8) for page in cut]
    else:
        bodies = [encode_delta(page.astype(np.int64, copy=False), n_bits) for page in cut]
    pages = _data_pages(bodies, cut, encoding)
    extremes = numbers.min().tobytes(), numbers.max().tobytes()
    kind = INT32 if n_bits == 32 else INT64
    return _encoded(name, kind, [encoding], len(numbers), pages, extremes)


def encode_bits(name: str, bits: Mask) -> Encoded:
    """Encode booleans as PLAIN, one bit each."""
    cut = _cut(bits)
    pages = _data_pages([np.packbits(page, bitorder="little") for page in cut], cut, PLAIN)
    extremes = bits.min().tobytes(), bits.max().tobytes()
    return _encoded(name, BOOLEAN, [PLAIN], len(bits), pages, extremes)


def encode_fixed(name: str, data: Bytes, width: int) -> Encoded:
    """Encode binary values of `width` bytes as PLAIN."""
    cut = _cut(data.reshape(-1, width))
    pages = _data_pages([page.reshape(-1) for page in cut], cut, PLAIN)
    return _encoded(name, FIXED, [PLAIN], len(data) // width, pages, None)


def encode_places(name: str, places: npt.NDArray[Any], dictionary: pa.Array[Any]) -> Encoded:
    """Encode indices into a dictionary of strings, or of ascending 32-bit integers."""
    n_values = len(dictionary)
    if pa.types.is_string(dictionary.type):
        kind, body, extremes = BYTE_ARRAY, _plain_texts(dictionary), None
    else:
        numbers = values(dictionary, np.int32)
        kind, body = INT32, numbers.tobytes()
        extremes = numbers[places.min()].tobytes(), numbers[places.max()].tobytes()
    width = max(n_values - 1, 1).bit_length()
    cut = _cut(places)
    head = _dictionary_header(n_values, len(body))
    pages = _data_pages([packed_places(page, width) for page in cut], cut, RLE_DICTIONARY)
    encodings = [PLAIN, RLE_DICTIONARY]
    return _encoded(name, kind, encodings, len(places), pages, extremes, [head, body])


def _cut(rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    return [rows[start : start + _PAGE_ROWS] for start in range(0, len(rows), _PAGE_ROWS)]


def _encoded(  # noqa: PLR0913 - the fields of the metadata
    name: str,
    kind: int,
    encodings: Sequence[int],
    n_values: int,
    pages: list[Bytes | bytes],
    extremes: tuple[bytes, bytes] | None,
    dictionary: Sequence[bytes] = (),
) -> Encoded:
    n_bytes = sum(map(len, pages)) + sum(map(len, dictionary))
    statistics = {3: integer(0)}
    if extremes is not None:
        least, greatest = map(binary, extremes)
        statistics |= {5: greatest, 6: least}
    counts = [(_DATA_PAGE, encodings[-1], len(pages) // 2)]
    if dictionary:
        counts.insert(0, (_DICTIONARY_PAGE, PLAIN, 1))
    about = {
        1: integer(kind, 32),
        2: sequence([integer(each, 32) for each in (*encodings, RLE)]),
        3: sequence([binary(name.encode())]),
        4: integer(UNCOMPRESSED, 32),
        5: integer(n_values),
        6: integer(n_bytes),
        7: integer(n_bytes),
        12: struct(statistics),
        13: sequence(
            [struct({i + 1: integer(each, 32) for i, each in enumerate(c)}) for c in counts]
        ),
    }
    return Encoded([*dictionary, *pages], about, sum(map(len, dictionary)))


def _data_pages(
    bodies: Sequence[Bytes], cut: Sequence[npt.NDArray[Any]], encoding: int
) -> list[Bytes | bytes]:
    """Return two items per page: the header with the definition levels, and the values."""
    pages: list[Bytes | bytes] = []
    for body, n in zip(bodies, map(len, cut), strict=True):
        run = varint(n << 1) + b"\x01"
        levels = len(run).to_bytes(4, "little") + run
        pages += [data_page_header(n, len(levels) + len(body), encoding) + levels, body]
    return pages


def data_page_header(n_values: int, n_bytes: int, encoding: int) -> bytes:
    """Return the header of a page with `n_bytes` of levels and values."""
    about = {
        1: integer(n_values, 32), 2: integer(encoding, 32), 3: integer(RLE, 32),
        4: integer(RLE, 32),
    }  # fmt: skip
    return _header(_DATA_PAGE, n_bytes, 5, about)


def dictionary_page(words: pa.Array[Any]) -> list[bytes]:
    """Return the header and the values of a dictionary page of strings."""
    body = _plain_texts(words)
    return [_dictionary_header(len(words), len(body)), body]


def _dictionary_header(n_values: int, n_bytes: int) -> bytes:
    about = {1: integer(n_values, 32), 2: integer(PLAIN, 32)}
    return _header(_DICTIONARY_PAGE, n_bytes, 7, about)


def _header(kind: int, n_bytes: int, number: int, about: dict[int, Written]) -> bytes:
    size = integer(n_bytes, 32)
    return struct({1: integer(kind, 32), 2: size, 3: size, number: struct(about)}).data


def _plain_texts(dictionary: pa.Array[Any]) -> bytes:
    data, offsets = texts(dictionary)
    ends = offsets.tolist()
    parts = [data[start:end].tobytes() for start, end in pairwise(ends)]
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def packed_places(places: npt.NDArray[Any], width: int) -> Bytes:
    """Return the bit width and one bit-packed run of all indices."""
    n_groups = -(-len(places) // 8)
    head = bytes([width]) + varint(n_groups << 1 | 1)
    room = len(head) + 4 * width * -(-len(places) // _PACK_ROWS)
    out = np.empty(room, np.uint8)
    out[: len(head)] = np.frombuffer(head, np.uint8)
    block = np.empty(_PACK_ROWS, np.uint64)
    pack_places(frozen(places), np.uint64(width), block, np.uint64(len(head)), out)
    return out[: len(head) + width * n_groups]


@kernel
def pack_places(places, width, block, at, out):
    """Write indices of `width` bits to `out[at:]`, padded with zeros to a full block."""
    for start in range(0, len(places), max(len(block), 1)):
        fill_block(places[start : start + len(block)], block)
        at = pack(block, width, out, at)


@kernel
def fill_block(places, block):
    """Copy indices to a block, padded with zeros."""
    for i in range(len(block)):
        block[i] = 0
    for i in range(len(places)):
        block[i] = places[i]
