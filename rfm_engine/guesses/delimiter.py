"""Guess the delimiter of CSV, and split text into rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from rfm_engine.orders.csv_format import SPACE

_CANDIDATES = (",", ";", "\t", "|", SPACE)
_TRIED_ROWS = 300
EMPTY = "\ue000"
"""Replaces empty text in quotes, which the csv module does not tell from an empty field."""


def guess_delimiter(text: str) -> str | None:
    """Return the delimiter with which most rows have as many fields as the first, two at least.

    If several separate all rows, the one that separates more fields is returned. Blanks are only
    tried if nothing else separates. None means that the file has one column.
    """
    some = text[: _end_of_rows(text)]
    found: list[tuple[float, int, str]] = []
    for candidate in _CANDIDATES:
        if candidate == SPACE and found:
            break
        rows = rows_of(some, candidate)
        n = len(rows[0]) if rows else 0
        if n >= 2:
            share = sum(len(row) == n for row in rows) / len(rows)
            if share >= 0.5:
                found.append((round(share, 1), n, candidate))
    return max(found, key=lambda each: each[:2])[2] if found else None


def rows_of(text: str, delimiter: str) -> list[list[str]]:
    """Split text into rows of fields; rows that cannot be split end the list."""
    if delimiter == SPACE:
        text = re.sub("[ \t]+", " ", re.sub("(?m)^[ \t]+|[ \t]+$", "", text))
        delimiter = " "
    sign = re.escape(delimiter)
    text = re.sub(rf'(?m)(^|(?<={sign}))""(?={sign}|\r?$)', EMPTY, text)
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return rows
    return [row for row in rows if row]


def regular(rows: Sequence[list[str]], n_fields: int) -> list[list[str]]:
    """Return the rows that have the number of fields."""
    return [row for row in rows if len(row) == n_fields]


def _end_of_rows(text: str) -> int:
    at = -1
    for _ in range(_TRIED_ROWS):
        following = text.find("\n", at + 1)
        if following < 0:
            break
        at = following
    return at + 1 or len(text)
