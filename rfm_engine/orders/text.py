"""Columns of text to what they mean; the first value that cannot be read is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pyarrow as pa

from rfm_engine.errors import DataError, shown_value
from rfm_engine.orders.time.numbers import NUMBER_FORMATS, times_of_numbers
from rfm_engine.orders.time.texts import parse_times

OF_64_BITS = "from -2^63 to 2^63 - 1"


def parsed_integers(
    column: pa.Array,
    what: str,
    where: Callable[[int], str],
    advice: str,
    reach: str = OF_64_BITS,
) -> pa.Array:
    """Read a text column as int64.

    `where` says where a row stands, `advice` what to do, and `reach` which integers are meant.

    Raises
    ------
    DataError
        A value is no integer of 64 bits.
    """
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        row = next(i for i, text in enumerate(column.to_pylist()) if not _is_int64(text))
        raise DataError(
            f"{what} must hold integers {reach}; got {shown_value(column[row])} in {where(row)}. "
            f"{advice}"
        ) from None


def parsed_times(
    column: pa.Array, time_format: str | None, where: Callable[[int], str]
) -> tuple[pa.Array, Literal["naive", "zoned"] | None]:
    """Read a text column as timestamps, and tell whether they have a zone (None without any).

    Raises
    ------
    DataError
        A value is no time, or some have a zone and others have none.
    """
    if time_format in NUMBER_FORMATS:
        numbers = times_of_numbers(column, time_format)
        if numbers.unreadable >= 0:
            row = numbers.unreadable
            raise DataError(
                f"time must be a number, as time format {time_format} says; got "
                f"{shown_value(column[row])} in {where(row)}. Fix it, or give another time format."
            )
        return numbers.times, None
    parsed = parse_times(column, time_format)
    written = "ISO 8601" if time_format is None else f"written like {time_format}"
    if parsed.unreadable >= 0:
        raise DataError(
            f"time must be {written}; got {shown_value(column[parsed.unreadable])} in "
            f"{where(parsed.unreadable)}. Mend it, or give the time format."
        )
    if parsed.mixed >= 0:
        raise DataError(
            f"times must all have a zone or none; got {shown_value(column[parsed.mixed])} in "
            f"{where(parsed.mixed)} after others. Write them alike."
        )
    if parsed.naive is None:
        return parsed.times, None
    return parsed.times, "naive" if parsed.naive else "zoned"


def _is_int64(text: str | None) -> bool:
    if text is None:
        return True
    try:
        pa.scalar(text).cast(pa.int64())
    except pa.ArrowInvalid:
        return False
    return True
