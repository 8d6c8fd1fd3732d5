"""Read dates and times from text: ISO 8601 directly from the bytes, or a given format."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, first_true, texts, valid_mask, values
from rfm_engine.kernels.words import trim
from rfm_engine.options.messages import message

NOT_A_TIME, NAIVE, ZONED, NULL = range(4)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY_US = 86_400_000_000
YEAR_0_US = -719_163 * DAY_US  # 31 December of the year 0: a valid time, but out of range
YEAR_10000_US = 2_932_897 * DAY_US  # 1 January of the year 10000: also valid, but out of range
BROKEN = -1
NO_OFFSET = -86_401  # below every offset


class ParsedTimes(NamedTuple):
    """A column of text read as times.

    `times` is `timestamp[us]`, with zone UTC if `naive` is False; it is null where the text is
    null. `naive` is None if no row could be read. `unreadable` is the first row that is not a
    time. `mixed` is the first readable row that has a zone while the rows before have none, or the
    reverse. Both are -1 if there is no such row.
    """

    times: pa.Array[Any]
    naive: bool | None
    unreadable: int
    mixed: int


def parse_times(text: pa.Array[Any], time_format: str | None = None) -> ParsedTimes:
    """Read dates and times from text.

    Parameters
    ----------
    text
        Any string type. Without a format: `2024-01-31`, `2024-01-31 13:45`,
        `2024-01-31T13:45:07.123456789Z`, with an offset like `+02:00`, `+0200`, `+02` or `UTC`,
        or without an offset. Fractions of a microsecond are floored. Years are 0001 to 9999. The
        year 0000, with any month and day, and years of more than four digits are times out of
        range.
    time_format
        A format of `datetime.strptime`, like `%d.%m.%Y`. With `%z`, the times are instants.

    Raises
    ------
    UsageError
        The format is not valid.
    """
    us, nature = _by_iso(text) if time_format is None else _by_format(text, time_format)
    valid = valid_mask(text)
    if valid is not None:
        nature[~valid] = NULL
    naive, zoned = first_true(nature == NAIVE), first_true(nature == ZONED)
    is_naive = None if naive == zoned else zoned < 0 or 0 <= naive < zoned
    return ParsedTimes(
        arrow(us, pa.timestamp("us", "UTC" if is_naive is False else None), valid),
        is_naive,
        first_true(nature == NOT_A_TIME),
        max(naive, zoned) if min(naive, zoned) >= 0 else -1,
    )


def _by_iso(text: pa.Array[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    us = np.empty(len(text), np.int64)
    nature = np.empty(len(text), np.uint8)
    read_times(*texts(text), us, nature)
    return us, nature


def _by_format(
    text: pa.Array[Any], time_format: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    _check_format(time_format)
    distinct = text.cast(pa.large_string()).dictionary_encode()
    read = [_strptime(str(word), time_format) for word in distinct.dictionary.to_pylist()]
    # Null rows refer to the appended entry.
    table = np.array([*read, (0, NOT_A_TIME)], np.int64)
    places = values(distinct.indices, np.int32)
    valid = valid_mask(distinct.indices)
    if valid is not None:
        places = np.where(valid, places, len(read))
    return table[places, 0], table[places, 1].astype(np.uint8)


def _check_format(time_format: str) -> None:
    try:
        datetime.strptime(EPOCH.strftime(time_format), time_format)
    except ValueError as error:
        raise UsageError(
            message(
                "{time_format} must be a format of strptime; got {!r} ({}). "
                "Write it like %d.%m.%Y %H:%M.",
                time_format,
                error,
            )
        ) from None


def _strptime(word: str, time_format: str) -> tuple[int, int]:
    try:
        time = datetime.strptime(word.strip(), time_format)
    except ValueError:
        return 0, NOT_A_TIME
    if time.tzinfo is None:
        return (time.replace(tzinfo=UTC) - EPOCH) // MICROSECOND, NAIVE
    return (time - EPOCH) // MICROSECOND, ZONED


@kernel
def read_times(data, offsets, us, nature):
    """Fill `us`, `int64[n]`, and `nature`, `uint8[n]`, from ISO texts."""
    for i in range(len(us)):
        us[i] = 0
        nature[i] = NOT_A_TIME
        at, end = trim(data, offsets[i], offsets[i + 1])
        day_us, at = read_date(data, at, end)
        if at == BROKEN:
            continue
        if at == end:
            us[i] = day_us
            nature[i] = NAIVE
            continue
        if data[at] != ord("T") and data[at] != ord(" "):
            continue
        clock_us, at = read_clock(data, at + 1, end)
        if at == BROKEN:
            continue
        if at == end:
            us[i] = day_us + clock_us
            nature[i] = NAIVE
            continue
        if data[at] == ord(" "):
            at += 1
        offset_s = read_offset(data, at, end)
        if offset_s == NO_OFFSET:
            continue
        us[i] = day_us + clock_us - offset_s * 1_000_000
        if day_us in (YEAR_0_US, YEAR_10000_US):  # An offset must not move them into range.
            us[i] = day_us
        nature[i] = ZONED


@kernel
def read_pair(data, at, end, limit):
    """Return the number of two digits at a position, BROKEN if it is invalid or above `limit`."""
    if at + 2 > end:
        return np.int64(BROKEN)
    tens = np.int64(data[at]) - 48
    ones = np.int64(data[at + 1]) - 48
    if tens < 0 or tens > 9 or ones < 0 or ones > 9 or tens * 10 + ones > limit:
        return np.int64(BROKEN)
    return tens * 10 + ones


@kernel
def read_date(data, at, end):
    """Read `2024-01-31`; return its midnight in microseconds, and the end position or BROKEN."""
    n_more = more_digits_of_year(data, at, end)
    at += n_more
    century = read_pair(data, at, end, 99)
    year = read_pair(data, at + 2, end, 99)
    month = read_pair(data, at + 5, end, 12)
    day = read_pair(data, at + 8, end, 31)
    if min(century, year, month, day) == BROKEN:
        return np.int64(0), np.int64(BROKEN)
    if data[at + 4] != ord("-") or data[at + 7] != ord("-"):
        return np.int64(0), np.int64(BROKEN)
    year += century * 100
    if n_more > 0:
        return np.int64(YEAR_10000_US), at + 10
    if year == 0:
        return np.int64(YEAR_0_US), at + 10
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    n_days = 30 + (month + (month >> 3) & 1)
    if month == 2:
        n_days = 29 if is_leap else 28
    if month == 0 or day == 0 or day > n_days:
        return np.int64(0), np.int64(BROKEN)
    # Count years from March on, so that the leap day is the last day of its year.
    year -= month <= 2
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = year * 365 + year // 4 - year // 100 + year // 400 + in_year - 719_468
    return days * DAY_US, at + 10


@kernel
def more_digits_of_year(data, at, end):
    """Return the number of digits of a year beyond four, 0 if the year begins with 0."""
    n_digits = 0
    while at + n_digits < end and 48 <= data[at + n_digits] <= 57:
        n_digits += 1
    return n_digits - 4 if n_digits > 4 and data[at] != ord("0") else 0


@kernel
def read_clock(data, at, end):
    """Read `13:45`, `13:45:07` or `13:45:07.1234`; return the same kind of pair as `read_date`."""
    hour = read_pair(data, at, end, 23)
    minute = read_pair(data, at + 3, end, 59)
    if hour == BROKEN or minute == BROKEN or data[at + 2] != ord(":"):
        return np.int64(0), np.int64(BROKEN)
    us = (hour * 60 + minute) * 60_000_000
    at += 5
    if at == end or data[at] != ord(":"):
        return us, at
    second = read_pair(data, at + 1, end, 59)
    if second == BROKEN:
        return np.int64(0), np.int64(BROKEN)
    us += second * 1_000_000
    at += 3
    if at == end or (data[at] != ord(".") and data[at] != ord(",")):
        return us, at
    at += 1
    begin = at
    worth = np.int64(100_000)
    while at < end and 48 <= data[at] <= 57:
        us += (np.int64(data[at]) - 48) * worth
        worth //= 10
        at += 1
    return us, at if at > begin else np.int64(BROKEN)


@kernel
def read_offset(data, at, end):
    """Read the offset `Z`, `UTC`, `+02`, `+0200` or `+02:00`; return seconds or NO_OFFSET."""
    length = end - at
    if length == 1 and data[at] | 32 == ord("z"):
        return np.int64(0)
    if length == 3 and data[at] == ord("U") and data[at + 1] == ord("T"):
        return np.int64(0 if data[at + 2] == ord("C") else NO_OFFSET)
    if length == 0 or (data[at] != ord("+") and data[at] != ord("-")):
        return np.int64(NO_OFFSET)
    hours = read_pair(data, at + 1, end, 23)
    minutes = np.int64(0)
    if length == 5:
        minutes = read_pair(data, at + 3, end, 59)
    elif length == 6 and data[at + 3] == ord(":"):
        minutes = read_pair(data, at + 4, end, 59)
    elif length != 3:
        return np.int64(NO_OFFSET)
    if hours == BROKEN or minutes == BROKEN:
        return np.int64(NO_OFFSET)
    seconds = (hours * 60 + minutes) * 60
    return -seconds if data[at] == ord("-") else seconds
