"""Guess how the times of a column are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.guesses.column import Column
from rfm_engine.kernels.arrays import is_text
from rfm_engine.orders.time.numbers import EPOCH, EPOCH_MS, EXCEL

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    r"(?P<zone> ?(?:[Zz]|UTC|[+-]\d{2}(?::?\d{2})?))?)?"
)
_PARTS = re.compile(
    r"(?P<date>.+?)"
    r"(?:(?P<joint>,? +(?:at +)?|T)"
    r"(?P<clock>\d{1,2}:\d{2}(?P<seconds>:\d{2}(?P<fraction>\.\d{1,6})?)?)"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?)?"
)
_NUMERIC = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})")
_NAMED_MONTHS = (
    "%d{0}%b{0}%Y", "%d{0}%B{0}%Y", "%d{0}%b{0}%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y",
    "%B %d %Y", "%a, %d %b %Y", "%A, %B %d, %Y",
)  # fmt: skip
_WRITTEN_TOGETHER = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
# Numbers of these sizes are times from 1990 to 2100; other numbers are rather ids or amounts.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_RANGES = {
    EPOCH: (631_152_000, 4_102_444_800),
    EPOCH_MS: (631_152_000_000, 4_102_444_800_000),
    EXCEL: (32_874, 73_050),
}
_MOST_DISORDER = 0.25
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class TimeFormat(NamedTuple):
    """How times are written.

    Attributes
    ----------
    format
        The option `time_format`; None for ISO 8601, dates and timestamps.
    other
        A second format that all values have too, if they do not decide.
    is_number
        Whether the times are plain numbers, which may be something else.
    """

    format: str | None
    other: str | None = None
    is_number: bool = False


def time_format_of(column: Column) -> TimeFormat | None:
    """Return how the times of a column are written; None if its values are not times."""
    if column.kind is not None and not is_text(column.kind):
        return _of_type(column)
    if not column.texts:
        return None
    if _are_iso(column):
        return TimeFormat(None)
    for name, (least, most) in _RANGES.items():
        if all(_NUMBER.fullmatch(t) and least <= Decimal(t) < most for t in column.distinct):
            return TimeFormat(name, is_number=True)
    fitting = [each for each in _candidates(column.texts[0]) if _fits(column, each)]
    if not fitting:
        return None
    if len(fitting) > 1 and _is_clearly_sorted(column, fitting[1], fitting[0]):
        fitting[:2] = reversed(fitting[:2])
    is_number = column.texts[0].isdigit()
    return TimeFormat(fitting[0], next(_others(column, fitting), None), is_number)


def _others(column: Column, fitting: list[str]) -> Iterator[str]:
    """Yield the formats that read some time differently than the first one does."""
    for other in fitting[1:]:
        if any(_parsed(text, fitting[0]) != _parsed(text, other) for text in column.distinct):
            yield other


def doubt_of(column: Column, found: TimeFormat) -> tuple[str, str]:
    """Return what a time means in both formats, and why the first one is likelier.

    >>> column = Column("date", ("08/05/2025", "09/05/2025"))
    >>> for reason in doubt_of(column, time_format_of(column)):
    ...     print(reason)
    08/05/2025 is read as 5 August 2025; with slashes the month usually comes first
    08/05/2025 is 8 May 2025
    """
    first, other = str(found.format), str(found.other)
    text = next(each for each in column.distinct if _day(each, first) != _day(each, other))
    if _is_clearly_sorted(column, first, other):
        are = "are" if _disorder(column, first) == 0 else "are nearly"
        why = f"the rows {are} sorted by time in this format"
    elif "/" in first:
        why = "with slashes the month usually comes first"
    else:
        why = "with this sign the day usually comes first"
    return f"{text} is read as {_day(text, first)}; {why}", f"{text} is {_day(text, other)}"


def _day(text: str, time_format: str) -> str:
    day = _parsed(text, time_format)
    return "" if day is None else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _of_type(column: Column) -> TimeFormat | None:
    kind = column.kind
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return TimeFormat(None)
    if not pa.types.is_integer(kind) or not column.texts:
        return None
    for name in (EPOCH, EPOCH_MS):
        least, most = _RANGES[name]
        if all(least <= int(text) < most for text in column.distinct):
            return TimeFormat(name, is_number=True)
    return None


def _are_iso(column: Column) -> bool:
    found = [_ISO.fullmatch(text) for text in column.distinct]
    zones = {match["zone"] is not None for match in found if match is not None}
    return None not in found and len(zones) == 1


def _candidates(text: str) -> Iterator[str]:
    """Yield the formats that one time may have, likeliest first."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return
    clock = _clock(parts)
    for date in _dates(parts["date"]):
        yield date + clock


def _clock(parts: re.Match[str]) -> str:
    if parts["clock"] is None:
        return ""
    hour = "%I" if parts["half"] else "%H"
    seconds = ":%S" if parts["seconds"] else ""
    fraction = ".%f" if parts["fraction"] else ""
    half = re.sub("[AaPp][Mm]", "%p", parts["half"] or "")
    zone = re.sub("Z|[+-].*", "%z", parts["zone"] or "")
    return f"{parts['joint']}{hour}:%M{seconds}{fraction}{half}{zone}"


def _dates(text: str) -> Iterator[str]:
    numeric = _NUMERIC.fullmatch(text)
    if numeric is not None:
        first, sign, _, last = numeric.groups()
        if len(first) == 4:
            yield f"%Y{sign}%m{sign}%d"
            return
        year = "%Y" if len(last) == 4 else "%y"
        usual = ("%m", "%d") if sign == "/" else ("%d", "%m")
        yield sign.join([*usual, year])
        yield sign.join([*reversed(usual), year])
    elif text.isdigit() and len(text) in _WRITTEN_TOGETHER:
        yield _WRITTEN_TOGETHER[len(text)]
    elif any(letter.isalpha() for letter in text):
        for format in _NAMED_MONTHS:  # noqa: A001 - the word of strptime
            yield from dict.fromkeys(format.format(sign) for sign in (" ", "-", "/", ". "))


def _fits(column: Column, time_format: str) -> bool:
    return all(_parsed(text, time_format) is not None for text in column.distinct)


def _parsed(text: str, time_format: str) -> datetime | None:
    try:
        time = datetime.strptime(text, time_format)
    except ValueError:
        return None
    return time if _FIRST_YEAR <= time.year < _LAST_YEAR else None


def _is_clearly_sorted(column: Column, time_format: str, other: str) -> bool:
    """Whether the rows are sorted by time in a format, at least nearly, but not in the other."""
    n, n_other = _disorder(column, time_format), _disorder(column, other)
    return n < n_other and n <= _MOST_DISORDER * n_other


def _disorder(column: Column, time_format: str) -> int:
    """Return how many times break the order of the rows: exports are usually sorted by time."""
    times = [_parsed(text, time_format) for text in column.texts[:5_000]]
    steps = [b > a for a, b in pairwise(times) if a is not None and b is not None and a != b]
    return min(sum(steps), len(steps) - sum(steps))
