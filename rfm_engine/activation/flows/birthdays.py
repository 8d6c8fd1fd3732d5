"""Days to the next birthday, and the events of those who have it within a week."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow, whole

_SOON = 7
_LEAP_DAY = (2, 29)


def days_to_birthday(birthdays: pa.ChunkedArray, as_of: date) -> pa.Array:
    """Return the days to the next birthday, 0 on the day itself, by dates of birth; null for null.

    In years without 29 February it is on 28 February.
    """
    array = whole(birthdays.cast(pa.date32())).dictionary_encode()
    days = [_days(born, as_of) for born in array.dictionary.to_pylist()]
    places = array.indices
    known = np.asarray(places.is_valid())
    found = np.array(days or [0], np.int32)[np.asarray(places.fill_null(0))]
    return arrow(found, None, known)


def is_soon(days: int) -> bool:
    """Return whether a birthday is within the seven days after a date."""
    return 1 <= days <= _SOON


def birthday_in(born: date, year: int) -> date:
    """Return the birthday in a year."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, _LEAP_DAY[0], _LEAP_DAY[1] - 1)


def _days(born: date, as_of: date) -> int:
    own = birthday_in(born, as_of.year)
    if own < as_of:
        own = birthday_in(born, as_of.year + 1)
    return (own - as_of).days
