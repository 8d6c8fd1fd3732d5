"""The dates of analysis of `History.build`: month ends, week ends, or a list."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message

_SPAN = re.compile(r"(month-ends|week-ends):(.*?)\.\.(.*)", re.DOTALL)
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WEEK = timedelta(days=7)
_SUNDAY = 6


def dates_of(given: object) -> list[date]:
    """Return dates, ascending, from their text or from a list.

    Parameters
    ----------
    given
        `month-ends:2023-01..2025-12` (the last day of each of these months),
        `week-ends:2023-01-01..2025-12-31` (each Sunday of these days), dates such as
        `2026-09-30,2026-10-31`, or a list of dates. First and last are included.

    Raises
    ------
    UsageError
        It is none of these, or a date occurs twice.
    """
    if isinstance(given, str):
        span = _SPAN.fullmatch(given)
        if span is None:
            return _listed(given.split(","))
        kind, first, last = span.groups()
        return [*(_month_ends if kind == "month-ends" else _week_ends)(first, last)]
    if isinstance(given, Iterable):
        return _listed(given)
    raise _refused(given)


def _listed(given: Iterable[object]) -> list[date]:
    found = sorted(map(_day, given))
    if not found:
        raise UsageError(message("{as_of} must have at least one date; got none. Name dates."))
    for day, following in pairwise(found):
        if day == following:
            raise UsageError(
                message("{as_of} must name each date once; got {} twice. Remove one.", day)
            )
    return found


def _month_ends(first: str, last: str) -> Iterator[date]:
    for text in (first, last):
        if not _MONTH.fullmatch(text) or text.startswith("0000"):
            raise UsageError(
                message(
                    "months in {as_of} must be written like month-ends:2023-01..2025-12; got {}. "
                    "Correct it.",
                    shown(text),
                )
            )
    begin, end = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in (first, last))
    _refuse_backward(first, last, backward=begin > end)
    for number in range(begin, end + 1):
        year, month = divmod(number, 12)
        yield date(year, month + 1, monthrange(year, month + 1)[1])


def _week_ends(first: str, last: str) -> Iterator[date]:
    begin, end = _day(first), _day(last)
    _refuse_backward(first, last, backward=begin > end)
    n_days = (end - begin).days
    to_sunday = (_SUNDAY - begin.weekday()) % 7
    if to_sunday > n_days:
        raise UsageError(
            message("{as_of} must contain a Sunday; got {}..{}. Name more days.", first, last)
        )
    for number in range(to_sunday, n_days + 1, _WEEK.days):
        yield begin + timedelta(days=number)


def _refuse_backward(first: str, last: str, *, backward: bool) -> None:
    if backward:
        raise UsageError(
            message("{as_of} must begin before it ends; got {}..{}. Swap them.", first, last)
        )


def _day(given: object) -> date:
    """Return a date that was given as ISO text, as a date or as a datetime."""
    if isinstance(given, date):
        return date(given.year, given.month, given.day)
    try:
        if not isinstance(given, str) or not _DAY.fullmatch(given.strip()):
            raise ValueError(given)
        return date.fromisoformat(given.strip())
    except ValueError:
        raise _refused(given) from None


def _refused(given: object) -> UsageError:
    return UsageError(
        message(
            "{as_of} must be dates like 2026-09-30,2026-10-31, month-ends:2023-01..2025-12 or "
            "week-ends:2023-01-01..2025-12-31; got {}. Correct it.",
            shown(given),
        )
    )
