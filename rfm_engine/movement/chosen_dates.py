"""The two dates of a history that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message
from rfm_engine.orders.reading import as_date


def chosen_dates(
    place: object, dates: Sequence[date], begin: date | str | None, end: date | str | None
) -> tuple[date, date]:
    """Return the first and the second date; one that is given may be missing in the history.

    Parameters
    ----------
    place
        The folder of the history, for messages.
    dates
        The dates of the history, ascending.
    begin, end
        The dates as given; by default the newest one, and the one before the second.

    Raises
    ------
    UsageError
        A date is wrong, they are not in order, or there are not two.
    """
    first = None if begin is None else as_date(begin, "begin")
    last = (dates[-1] if dates else None) if end is None else as_date(end, "end")
    if last is not None and end is not None and last not in dates:
        return first or last, last
    if first is None:
        first = max((day for day in dates if last is not None and day < last), default=None)
    if first is None or last is None:
        n = sum(last is not None and day <= last for day in dates)
        raise UsageError(
            f"a comparison must have two dates; got history {str(place)!r} with {n} up to the "
            "second one. Add another with rfm history add."
        )
    if first >= last and first in dates:
        newest = ", the newest date" if end is None else ""
        raise UsageError(
            message("{begin} must be before {end}; got {} and {}{}.", first, last, newest)
        )
    return first, last
