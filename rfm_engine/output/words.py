"""The dictionaries of text columns, which all buckets share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.output.bucket_parts import Indices, Numbers
from rfm_engine.parquet.pages import text_dictionary


class Words:
    """The words of each column, numbered in order of appearance.

    A column has no dictionary any more when it has more than `most` words, or when texts do not
    repeat.
    """

    def __init__(self, n_columns: int, most: int) -> None:
        self._indices: list[dict[str, int]] = [{} for _ in range(n_columns)]
        self._has_left = [False] * n_columns
        self._last: list[tuple[pa.Array[Any], Indices] | None] = [None] * n_columns
        self._pages: list[tuple[int, list[bytes]]] = [(-1, [])] * n_columns
        self._most = most

    def indices(self, number: int, column: Numbers | pa.Array[Any]) -> Indices | None:
        """Return the index of each word of a column; None if it has no dictionary."""
        words = column.words if isinstance(column, Numbers) else None
        if words is None:
            self._has_left[number] = True
        if self._has_left[number]:
            return None
        assert words is not None
        last, known = self._last[number], self._indices[number]
        if last is None or not last[0].equals(words):
            found = [known.setdefault(word, len(known)) for word in words.to_pylist()]
            self._has_left[number] = len(known) > self._most
            last = self._last[number] = words, np.array(found, np.uint32)
        return None if self._has_left[number] else last[1]

    def count(self, number: int) -> int:
        """Return the number of words of a column."""
        return len(self._indices[number])

    def page(self, number: int, n_words: int) -> list[bytes]:
        """Return a dictionary page with the first words of a column."""
        known, page = self._pages[number]
        if known != n_words:
            words = [*self._indices[number]][:n_words]
            page = text_dictionary(words or [""])
            self._pages[number] = n_words, page
        return page
