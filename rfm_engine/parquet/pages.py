"""Encode the columns of a row group: numbers and texts with nulls, and any others with Arrow.

Unlike `rfm_engine.parquet.columns`, a column may have nulls, and texts have a dictionary that they
share with other row groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow_texts, frozen
from rfm_engine.kernels.types import Bytes, Integers, Mask
from rfm_engine.parquet import columns
from rfm_engine.parquet.columns import data_page_header, dictionary_page, packed_places
from rfm_engine.parquet.concatenation import chunk_structs
from rfm_engine.parquet.delta import encode_delta, most_delta_bytes, no_extremes
from rfm_engine.parquet.encoding import Memory, is_narrow, write_plainly
from rfm_engine.parquet.thrift import Written, binary, integer, sequence, struct, varint

_PAGE_ROWS = 1 << 17
_FLOAT = 4


class Pages(NamedTuple):
    """The pages of a column chunk, and its metadata.

    Attributes
    ----------
    path
        The names of the column and of its parents.
    kind, codec
        Numbers of the physical type and of the compression in parquet.thrift.
    data
        The bytes of all pages in order.
    dictionary_bytes
        The bytes of the dictionary page, which is the first one.
    unpacked_bytes
        The bytes of all pages before compression.
    n_values
        Number of values, including nulls.
    n_nulls
        Number of nulls; None if it is not known.
    encodings
        Numbers of the encodings of values and levels.
    extremes
        The least and the greatest value; None if they are not known.
    """

    path: tuple[bytes, ...]
    kind: int
    codec: int
    data: Sequence[Bytes | bytes]
    dictionary_bytes: int
    unpacked_bytes: int
    n_values: int
    n_nulls: int | None
    encodings: Sequence[int]
    extremes: tuple[Any, Any] | None

    @property
    def n_bytes(self) -> int:
        """The bytes of all pages."""
        return sum(map(len, self.data))

    def renamed(self, name: str) -> Pages:
        """Return the same pages for another column."""
        return self._replace(path=(name.encode(),))

    def column_chunk(self, start: int) -> Written:
        """Return the metadata of the chunk if its first page is at byte `start` of the file."""
        about = {
            1: integer(self.kind, 32),
            2: sequence([integer(each, 32) for each in self.encodings]),
            3: sequence([binary(each) for each in self.path]),
            4: integer(self.codec, 32),
            5: integer(self.n_values),
            6: integer(self.unpacked_bytes),
            7: integer(self.n_bytes),
            9: integer(start + self.dictionary_bytes),
        }
        if self.dictionary_bytes:
            about[11] = integer(start)
        if self.n_nulls is not None:
            statistics = {3: integer(self.n_nulls)}
            if self.extremes is not None:
                least, greatest = (binary(each.tobytes()) for each in self.extremes)
                statistics |= {5: greatest, 6: least}
            about[12] = struct(statistics)
        return struct({2: integer(0), 3: struct(about)})


class RowGroup(NamedTuple):
    """An encoded row group whose place in the file is not known yet."""

    n_rows: int
    chunks: list[Pages]

    @property
    def data(self) -> list[Bytes | bytes]:
        """The bytes of all pages in order."""
        return [page for chunk in self.chunks for page in chunk.data]

    def struct(self, start: int) -> Written:
        """Return the metadata if the first page is at byte `start` of the file."""
        at, written = start, []
        for chunk in self.chunks:
            written.append(chunk.column_chunk(at))
            at += chunk.n_bytes
        unpacked = sum(chunk.unpacked_bytes for chunk in self.chunks)
        return struct({
            1: sequence(written), 2: integer(unpacked), 3: integer(self.n_rows),
            5: integer(start), 6: integer(at - start),
        })  # fmt: skip


class Scratch:
    """Memory for encoded pages, which is used again for the next row group."""

    def __init__(self) -> None:
        self.arrow = Memory()
        self._room: Bytes = np.empty(0, np.uint8)
        self._taken = 0
        self._wanted = 0

    def begin(self) -> None:
        """Use all memory again; what is in it is not needed any more."""
        if self._wanted > len(self._room):
            self._room = np.empty(self._wanted + self._wanted // 8, np.uint8)
        self._taken = self._wanted = 0

    def room(self, n_bytes: int) -> Bytes:
        """Return memory for the next bytes."""
        self._wanted += n_bytes
        if n_bytes > len(self._room) - self._taken:
            return np.empty(n_bytes, np.uint8)
        return self._room[self._taken : self._taken + n_bytes]

    def keep(self, n_bytes: int) -> None:
        """Keep the first bytes of the memory that `room` has returned."""
        self._taken += n_bytes


def number_pages(
    name: str, numbers: npt.NDArray[Any], valid: Mask | None, scratch: Scratch
) -> Pages:
    """Encode numbers of 32 or 64 bits; null rows have any number.

    Integers are packed as differences if neighbours are close to each other. All other numbers are
    stored as they are, without a copy and without extremes, because they usually are random.
    """
    is_float = numbers.dtype.kind == "f"
    kind = (_FLOAT if is_float else columns.INT32) + (numbers.itemsize == 8)
    data: list[Bytes | bytes] = []
    extremes = no_extremes()
    cut = _cut(numbers, valid)
    is_packed = not is_float and is_narrow(cut[0][0])
    encoding = columns.DELTA if is_packed else columns.PLAIN
    for rows, known in cut:
        body = _packed(rows, scratch, extremes) if is_packed else frozen(rows).view(np.uint8)
        data += [_head(known, len(rows), len(body), encoding), body]
    # Unsigned integers are packed as signed ones.
    has_extremes = extremes[0] <= extremes[1] and numbers.dtype.kind == "i"
    n_bytes = sum(map(len, data))
    return Pages(
        (name.encode(),), kind, columns.UNCOMPRESSED, data, 0, n_bytes, len(numbers),
        _n_nulls(valid), sorted([columns.RLE, encoding]),
        tuple(extremes.astype(numbers.dtype)) if has_extremes else None,
    )  # fmt: skip


def place_pages(
    name: str, places: npt.NDArray[Any], valid: Mask | None, dictionary: Sequence[bytes]
) -> Pages:
    """Encode indices into a dictionary of texts; null rows have any index."""
    data: list[Bytes | bytes] = [*dictionary]
    for rows, known in _cut(places, valid):
        body = packed_places(rows, max(int(rows.max(initial=0)), 1).bit_length())
        data += [_head(known, len(rows), len(body), columns.RLE_DICTIONARY), body]
    return Pages(
        (name.encode(),), columns.BYTE_ARRAY, columns.UNCOMPRESSED, data,
        sum(map(len, dictionary)), sum(map(len, data)), len(places), _n_nulls(valid),
        [columns.PLAIN, columns.RLE, columns.RLE_DICTIONARY], None,
    )  # fmt: skip


def text_dictionary(words: Sequence[str]) -> list[bytes]:
    """Return the header and the values of a dictionary page."""
    return dictionary_page(arrow_texts(words))


def arrow_pages(table: pa.Table, scratch: Scratch) -> list[Pages]:
    """Encode columns of any type with Arrow; return the pages of each leaf column."""
    memory = scratch.arrow
    memory.begin()
    write_plainly(table, memory)
    file = memory.view()
    return [
        Pages(
            tuple(about[3]), about[1], about[4], [bytes(file[about[9] : about[9] + about[7]])], 0,
            about[6], about[5], None, about[2], None,
        )
        for about in chunk_structs(file)
    ]  # fmt: skip


def _packed(rows: npt.NDArray[Any], scratch: Scratch, extremes: Integers) -> Bytes:
    """Encode integers as differences; extend the extremes."""
    n_bits = 8 * rows.itemsize
    room = scratch.room(most_delta_bytes(len(rows), n_bits))
    signed = rows.view(f"i{rows.itemsize}").astype(np.int64, copy=False)
    body = encode_delta(signed, n_bits, room, extremes)
    scratch.keep(len(body))
    return body


def _n_nulls(valid: Mask | None) -> int:
    return 0 if valid is None else len(valid) - int(np.count_nonzero(valid))


def _cut(rows: npt.NDArray[Any], valid: Mask | None) -> list[tuple[npt.NDArray[Any], Mask | None]]:
    """Divide rows into pages of about the same size; return the values that are not null."""
    n_pages = max(-(-len(rows) // _PAGE_ROWS), 1)
    bounds = [len(rows) * number // n_pages for number in range(n_pages + 1)]
    cut = []
    for start, stop in pairwise(bounds):
        page = rows[start:stop]
        known = None if valid is None else valid[start:stop]
        cut.append((page if known is None else page[known], known))
    return cut


def _head(known: Mask | None, n_present: int, n_bytes: int, encoding: int) -> bytes:
    """Return the header of a page and its definition levels, before `n_bytes` of values."""
    if known is None:
        n_rows, run = n_present, varint(n_present << 1) + b"\x01"
    else:
        n_rows = len(known)
        run = varint(-(-n_rows // 8) << 1 | 1) + np.packbits(known, bitorder="little").tobytes()
    levels = len(run).to_bytes(4, "little") + run
    return data_page_header(n_rows, len(levels) + n_bytes, encoding) + levels
