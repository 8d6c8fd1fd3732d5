"""Write CSV as RFC 4180 says, readable by the owner only, and in several files if one is too large.

Fields are separated by commas and rows by line feeds. Only fields that need quotes have them. There
is no byte order mark, and null is an empty field.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import texts
from rfm_engine.output.atomic import PRIVATE

_SPECIAL = '[",\r\n]'
_FORMULA = "^[=+\\-@\t\r]"
_PART = re.compile(r"\.part-[0-9]{5}\.csv")


def part_name(name: str, number: int) -> str:
    """Return the name of the first file of a list or of one that continues it."""
    return name if number == 1 else f"{name.removesuffix('.csv')}.part-{number:05}.csv"


def parts_of(first: Path) -> list[Path]:
    """Return the files that continue a list, in order."""
    return sorted(each for each in first.parent.iterdir() if is_part(each.name, first.name))


def is_part(name: str, first: str) -> bool:
    """Return whether a file continues the list whose first file has another name."""
    stem = first.removesuffix(".csv")
    return name.startswith(stem) and _PART.fullmatch(name.removeprefix(stem)) is not None


class CsvFiles:
    """The files of a list.

    Parameters
    ----------
    opened
        Returns the place of the file of a number, from 1.
    headers
        The names of the columns.
    most_bytes
        The largest size of a file; None without a limit.
    """

    def __init__(
        self, opened: Callable[[int], Path], headers: Sequence[str], most_bytes: int | None
    ) -> None:
        self._opened = opened
        self._header = csv_rows([pa.array([each]) for each in headers])[0]
        self._most = most_bytes
        self.n_files = 0
        self._n_bytes = 0
        self._file: BinaryIO | None = None
        self._next()

    def write(self, columns: Sequence[pa.Array]) -> None:
        """Write rows, given as columns of text."""
        data, ends = csv_rows(columns)
        start = 0
        while start < len(data):
            end = len(data) if self._most is None else self._fitting(ends, start)
            if end == start:
                if self._n_bytes == len(self._header):
                    raise DataError(
                        f"a row of the list must have at most {self._most:,} bytes; got more. "
                        "Shorten the names in the contacts."
                    )
                self._next()
                continue
            assert self._file is not None
            self._file.write(data[start:end])
            self._n_bytes += end - start
            start = end

    def close(self) -> None:
        """Make the last file durable."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _fitting(self, ends: np.ndarray, start: int) -> int:
        """Return the end of the rows that fit into the file."""
        assert self._most is not None
        room = self._most - self._n_bytes
        place = int(np.searchsorted(ends, start + room, side="right"))
        return max(int(ends[place - 1]) if place else 0, start)

    def _next(self) -> None:
        self.close()
        self.n_files += 1
        place = self._opened(self.n_files)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(self._header)
        self._n_bytes = len(self._header)


def csv_rows(columns: Sequence[pa.Array]) -> tuple[memoryview, np.ndarray]:
    """Return rows as bytes, and where each ends.

    >>> bytes(csv_rows([pa.array(["a", None]), pa.array(["b,c", "d"])])[0]).decode().splitlines()
    ['a,"b,c"', ',d']
    """
    import pyarrow.compute as pc

    cells = [_quoted(column).fill_null("") for column in columns]
    lines = pc.binary_join_element_wise(*cells, pa.scalar(","))
    lines = pc.binary_join_element_wise(lines, pa.scalar(""), pa.scalar("\n"))
    data, ends = texts(lines)
    first = ends[0] if len(ends) else 0
    return data[first : ends[-1]].data, ends[1:] - first


def guarded(texts_: pa.Array) -> pa.Array:
    """Return texts with an apostrophe before those that a spreadsheet would compute."""
    import pyarrow.compute as pc

    is_formula = pc.match_substring_regex(texts_, _FORMULA)
    if not pc.any(is_formula).as_py():
        return texts_
    marked = pc.binary_join_element_wise(pa.scalar("'"), texts_, pa.scalar(""))
    return pc.if_else(is_formula, marked, texts_)


def _quoted(column: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    is_special = pc.match_substring_regex(column, _SPECIAL)
    if not pc.any(is_special).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    marked = pc.binary_join_element_wise(pa.scalar('"'), doubled, pa.scalar('"'), pa.scalar(""))
    return pc.if_else(is_special, marked, column)
