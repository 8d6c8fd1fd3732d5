"""A column of a sample: its name, its type if it has one, and its values as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from rfm_engine.orders.odd_ids import NULL_WORDS

_MORE_NULL_WORDS = ("n/a", "none", "(null)", "-", "--")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.0)?")
_MOST = 0.95


@dataclass(frozen=True, eq=False)
class Column:
    """The sampled values of a column.

    Attributes
    ----------
    values
        One text per row; None is null.
    kind
        The type in the file; None in CSV.
    quoted_empty
        The rows whose value is empty text in quotes, which is not null.
    """

    name: str
    values: tuple[str | None, ...]
    kind: pa.DataType | None = None
    quoted_empty: frozenset[int] = frozenset()

    @cached_property
    def null_words(self) -> tuple[str, ...]:
        """The words in the column that mean null; only CSV can read them as null."""
        if self.kind is not None:
            return ()
        seen = {value for value in self.values if value is not None}
        return tuple(word for word in (*NULL_WORDS, *_MORE_NULL_WORDS) if word in seen)

    def present(self) -> Iterator[tuple[int, str]]:
        """Yield row numbers and values of the rows that have a value."""
        words = {*self.null_words, ""}
        for row, value in enumerate(self.values):
            if value is not None and value not in words:
                yield row, value

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The values that are not null, without blanks around them."""
        return tuple(value.strip() for _, value in self.present())

    @cached_property
    def distinct(self) -> dict[str, int]:
        """How often each value occurs, in order of first occurrence."""
        counts: dict[str, int] = {}
        for text in self.texts:
            counts[text] = counts.get(text, 0) + 1
        return counts

    @property
    def null_share(self) -> float:
        """The share of rows without a value."""
        return 1 - len(self.texts) / max(len(self.values), 1)

    @cached_property
    def are_emails(self) -> bool:
        """Whether nearly all values are e-mail addresses."""
        n = sum(times for text, times in self.distinct.items() if _EMAIL.fullmatch(text))
        return n > 0 and n >= _MOST * len(self.texts)

    @cached_property
    def are_whole(self) -> bool:
        """Whether all values are whole numbers of 64 bits without zeros before them."""
        return bool(self.texts) and all(map(is_whole, self.distinct))


def is_whole(text: str) -> bool:
    """Return whether an id can be read as an integer without losing anything; `7.0` is 7."""
    return _WHOLE.fullmatch(text) is not None
