"""Parse columns of text; an error names the first value that cannot be parsed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, shown_value
from rfm_engine.kernels.arrays import arrow
from rfm_engine.options.messages import message
from rfm_engine.orders.amount_hints import advice_on_null
from rfm_engine.orders.money.notation import Notation, plain_numbers
from rfm_engine.orders.time.numbers import NUMBER_FORMATS, times_of_numbers
from rfm_engine.orders.time.texts import parse_times

OF_64_BITS = "from -2^63 to 2^63 - 1"
_INTEGER = r"^[+-]?[0-9]{1,18}$"
# Programs that store integers as floats write this, for example pandas if some values are null.
_POINT_ZERO = r"^([+-]?[0-9]+)\.0$"


def parsed_ids(
    column: pa.Array,
    what: str,
    where: Callable[[int], str],
    needed: npt.NDArray[np.bool_] | None = None,
    *,
    advice: str | None = None,
) -> pa.Array:
    """Parse a text column of ids as int64; `7.0` is 7.

    Text that is not an integer is null where `needed`, `bool[n]`, is False. `advice` ends the
    message of an error; by default it is to read the ids as text.

    Raises
    ------
    DataError
        A value is not an integer of 64 bits.
    """
    import pyarrow.compute as pc

    def plainly(ids: pa.Array) -> pa.Array:
        plain = pc.replace_substring_regex(ids, _POINT_ZERO, r"\1")
        if needed is None or needed.all():
            return plain
        is_kept = pc.or_(arrow(needed), pc.match_substring_regex(plain, _INTEGER))
        return pc.if_else(is_kept, plain, pa.scalar(None, plain.type))

    hint = message("Read the ids as text ({ids:text}).") if advice is None else advice
    return _integers(column, what, where, plainly, hint, OF_64_BITS)


def parsed_counts(
    column: pa.Array,
    what: str,
    where: Callable[[int], str],
    notation: Notation,
    reach: str = OF_64_BITS,
) -> pa.Array:
    """Parse a text column of whole numbers as int64; `reach` is the allowed range, for messages.

    Raises
    ------
    DataError
        A value is not an integer of 64 bits.
    """
    advice: str = "Correct it."
    if notation.thousands is None:
        advice = message("Correct it, or set the thousands separator with {csv_thousands:...}.")
    return _integers(column, what, where, lambda some: plain_numbers(some, notation), advice, reach)


def _integers(  # noqa: PLR0913 - two callers, which differ in the last three
    column: pa.Array,
    what: str,
    where: Callable[[int], str],
    plainly: Callable[[pa.Array], pa.Array],
    advice: str,
    reach: str,
) -> pa.Array:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        plain = plainly(column)
    try:
        return plain.cast(pa.int64())
    except pa.ArrowInvalid:
        row = next(i for i, text in enumerate(plain.to_pylist()) if not _is_int64(text))
    text = str(column[row])
    raise DataError(
        message(
            "{} must contain integers {}; got {} in {}. {}",
            what,
            reach,
            shown_value(text),
            where(row),
            advice_on_null(text) or advice,
        )
    )


def parsed_times(
    column: pa.Array, time_format: str | None, decimal_mark: str, where: Callable[[int], str]
) -> tuple[pa.Array, Literal["naive", "zoned"] | None]:
    """Parse a text column as timestamps, and return whether they have a time zone.

    The second value is None if no value shows it.

    Raises
    ------
    DataError
        A value is not a time, or some values have a time zone and others have none.
    """
    if time_format in NUMBER_FORMATS:
        numbers = times_of_numbers(column, time_format, decimal_mark)
        if numbers.unreadable >= 0:
            row = numbers.unreadable
            raise DataError(
                message(
                    "time must be a number with {time_format:{}}; got {} in {}. "
                    "Fix it, or set another format.",
                    time_format,
                    shown_value(column[row]),
                    where(row),
                )
            )
        return numbers.times, None
    parsed = parse_times(column, time_format)
    written = "ISO 8601" if time_format is None else f"written like {time_format}"
    if parsed.unreadable >= 0:
        text = str(column[parsed.unreadable])
        advice = advice_on_null(text) or message(
            "Correct it, or set the format with {time_format:...}."
        )
        raise DataError(
            message(
                "time must be {}; got {} in {}. {}",
                written,
                shown_value(text),
                where(parsed.unreadable),
                advice,
            )
        )
    if parsed.mixed >= 0:
        raise DataError(
            f"times must all have a time zone, or all have none; got "
            f"{shown_value(str(column[parsed.mixed]))} in {where(parsed.mixed)} after times of the "
            "other form. Write all of them in one form."
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
