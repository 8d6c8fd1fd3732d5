"""Guess how numbers are written: the decimal point and the sign between groups of digits."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.guesses.column import Column
from rfm_engine.orders.money.notation import SPACE

_SPACES = "[ \u00a0\u202f]"
_THOUSANDS = {".": (None, ",", "'", "\u2019", SPACE), ",": (None, ".", "'", "\u2019", SPACE)}


class Written(NamedTuple):
    """How the numbers of a column are written.

    `other` is a second reading of the same texts, if they do not decide.
    """

    decimal: str = "."
    thousands: str | None = None
    other: tuple[str, str | None] | None = None

    def value(self, text: str) -> Decimal:
        """Return the number that a text of the column means."""
        text = text.strip()
        is_negative = text.startswith("(") or text.startswith("-") or text.endswith("-")
        digits = text.strip("()+-")
        if self.thousands is not None:
            sign = _SPACES if self.thousands == SPACE else re.escape(self.thousands)
            digits = re.sub(sign, "", digits)
        number = Decimal(digits.replace(self.decimal, "."))
        return -number if is_negative else number


def written_numbers(column: Column) -> Written | None:
    """Return how the numbers of a column are written; None if it has other values, or none."""
    if not column.texts:
        return None
    if column.kind is not None:
        return Written() if _is_number(column.kind) else None
    readings = [found for decimal in ".," if (found := _reading(column, decimal)) is not None]
    if len(readings) < 2:
        return Written(*readings[0]) if readings else None
    if not any("." in text or "," in text for text in column.distinct):
        return Written(*readings[0])
    return _undecided(column, readings)


def numbers_by_row(column: Column) -> dict[int, Decimal]:
    """Return the number in each row that has one; none if some values are not numbers."""
    written = written_numbers(column)
    if written is None:
        return {}
    known = {text: written.value(text) for text in {text for _, text in column.present()}}
    return {row: known[text] for row, text in column.present()}


def _undecided(column: Column, readings: list[tuple[str, str | None]]) -> Written:
    """Choose between `1,234` as one thousand and as one.

    Every mark is followed by three digits. Money rarely has three decimals, so groups are likelier,
    unless a number of more than three digits has no mark.
    """
    grouped = next(each for each in readings if each[1] in (".", ","))
    plain = next(each for each in readings if each != grouped)
    has_long = any(re.search(r"\d{4}", text) for text in column.distinct)
    likelier, other = (plain, grouped) if has_long else (grouped, plain)
    return Written(*likelier, other=other)


def _reading(column: Column, decimal: str) -> tuple[str, str | None] | None:
    for thousands in _THOUSANDS[decimal]:
        pattern = _pattern(decimal, thousands)
        if all(map(pattern.fullmatch, column.distinct)):
            return decimal, thousands
    return None


@cache
def _pattern(decimal: str, thousands: str | None) -> re.Pattern[str]:
    whole = r"\d+"
    if thousands is not None:
        sign = _SPACES if thousands == SPACE else re.escape(thousands)
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{sign}\d{{3}})+)"
    mark = re.escape(decimal)
    number = rf"(?:{whole}(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?"
    return re.compile(rf"[+-]?{number}|{number}-|\({number}\)")


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
