"""The dates of a chain of membership tiers, and the date before each window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from rfm_engine.errors import UsageError
from rfm_engine.movement.tier_files import TierProgram
from rfm_engine.options.messages import message
from rfm_engine.orders.reading import window_start

_DAY = timedelta(1)


class Step(NamedTuple):
    """A date of a chain of tiers.

    Attributes
    ----------
    as_of
        The date.
    before
        The date whose totals are subtracted; None if nothing is.
    """

    as_of: date
    before: date | None


def before_window(day: date, window: str) -> date:
    """Return the last day before a window of days or months.

    With months it is the last day of a month if `day` is: rolling months of month ends are whole
    months.
    """
    before = max(window_start(day, window), date.min + _DAY) - _DAY
    if window.endswith("mo") and is_month_end(day):
        return month_end(before)
    return before


def is_month_end(day: date) -> bool:
    """Return whether a date is the last day of its month."""
    return day == month_end(day)


def month_end(day: date) -> date:
    """Return the last day of the month of a date."""
    if (day.year, day.month) == (date.max.year, date.max.month):
        return date.max
    return date(day.year + day.month // 12, day.month % 12 + 1, 1) - _DAY


def chain_of(
    program: TierProgram, dates: Sequence[date], window: str | None, first_row: date | None
) -> list[Step]:
    """Return the dates at which tiers are computed, in ascending order.

    The chain begins at the first date whose rolling value is known. Each later month must have a
    date, because a tier depends on every month in order.

    Parameters
    ----------
    dates
        The dates of the snapshots in ascending order.
    window
        The window with which the snapshots were scored; None for all orders.
    first_row
        The day of the first order; None if there are no orders.

    Raises
    ------
    UsageError
        The window of the snapshots is another one, or a date is missing.
    """
    if window is not None and window != program.window:
        raise UsageError(
            f"window of tiers {program.name!r} must be that of the history, or the history must "
            f"have none; got {program.window} and {window}. Change the window in the file of tiers."
        )
    steps = [Step(day, None) for day in dates]
    if window is None:
        steps = _with_dates_before(program, dates, first_row)
    for one, two in pairwise(steps):
        next_month = month_end(month_end(one.as_of) + _DAY)
        if two.as_of > next_month:
            raise _missing_month(program, next_month, one.as_of, two.as_of)
    return steps


def _with_dates_before(
    program: TierProgram, dates: Sequence[date], first_row: date | None
) -> list[Step]:
    """Return the steps from the first date on whose date before the window is known."""
    steps: list[Step] = []
    for day in dates:
        before = before_window(day, program.window)
        if first_row is None or before < first_row:
            steps.append(Step(day, None))
        elif before in dates:
            steps.append(Step(day, before))
        elif steps or day == dates[-1]:
            raise _missing_before(program, before, day)
    return steps


def _missing_before(program: TierProgram, before: date, day: date) -> UsageError:
    return UsageError(
        message(
            "history must have the date {}, {} before {}, for tiers {!r}; got no snapshot of it. "
            "Add it with rfm history add and {backfill}.",
            before, program.window, day, program.name,
        )
    )  # fmt: skip


def _missing_month(program: TierProgram, missing: date, one: date, two: date) -> UsageError:
    return UsageError(
        message(
            "history must have a date in each month for tiers {!r}, such as {}; got {} after {}. "
            "Add it with rfm history add and {backfill}.",
            program.name, missing, two, one,
        )
    )  # fmt: skip
