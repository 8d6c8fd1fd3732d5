"""Read times from numbers: seconds or milliseconds since 1970, or the serial days of Excel.

Excel counts 1900-02-29, a day that did not exist, so serial numbers below 61 are ambiguous. They
are out of range here. Excel's fractions of a day are floats that represent most times of day
inexactly, so they are rounded to the nearest millisecond.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, first_true, is_text, texts, valid_mask, values
from rfm_engine.kernels.types import Integers
from rfm_engine.kernels.words import trim

EPOCH, EPOCH_MS, EXCEL = "epoch", "epoch-ms", "excel"
NUMBER_FORMATS = (EPOCH, EPOCH_MS, EXCEL)
DAY_MS = 86_400_000
EXCEL_1970 = 25_569
"""The serial number of 1970-01-01."""
_FIRST_SERIAL = 61
_EXCEL_DIGITS, _MICRO_DIGITS = 10, 6
_OUT_OF_RANGE = 10**18
"""As microseconds, a time far beyond the year 9999."""


class NumberTimes(NamedTuple):
    """Numbers read as times: `timestamp[us]` with zone UTC, or without a zone for Excel.

    `unreadable` is the first row whose text is not such a number, -1 if there is none.
    """

    times: pa.Array[Any]
    unreadable: int


def time_kind(kind: pa.DataType, time_format: str | None) -> Literal["naive", "zoned"] | None:
    """Return the kind of the times in a text or number column, None if it depends on the text."""
    if time_format == EXCEL:
        return "naive"
    if time_format in NUMBER_FORMATS:
        return "zoned"
    return None if is_text(kind) else "naive"


def is_time_format(text: str) -> bool:
    """Tell whether a text is one of `NUMBER_FORMATS` or may be a format of strptime."""
    return text in NUMBER_FORMATS or "%" in text


def is_number_of_time(kind: pa.DataType, time_format: str | None) -> bool:
    """Tell whether numbers of a type are accepted as times in a format."""
    if time_format not in NUMBER_FORMATS:
        return False
    is_decimal = pa.types.is_decimal(kind) and (kind.scale <= 0 or time_format != EPOCH_MS)
    is_float = pa.types.is_floating(kind) and time_format == EXCEL
    return bool(pa.types.is_integer(kind) or is_decimal or is_float)


def times_of_numbers(
    column: pa.Array[Any], time_format: str, decimal_mark: str = "."
) -> NumberTimes:
    """Read numbers, or text that contains numbers, as times in one of `NUMBER_FORMATS`.

    Fractions of a microsecond are floored. Times out of range get a value that `to_instants`
    detects as out of range.
    """
    if pa.types.is_decimal(column.type) and time_format == EXCEL:
        column = column.cast(pa.float64())
    kind, unreadable = column.type, -1
    if pa.types.is_floating(kind):
        us = _of_serial_floats(column)
    elif pa.types.is_integer(kind):
        us = _of_integers(column, time_format)
    else:
        if pa.types.is_decimal(kind):
            column = _with_microseconds(column).cast(pa.string())
        us, unreadable = _of_texts(column, time_format, ord(decimal_mark))
    zone = None if time_format == EXCEL else "UTC"
    return NumberTimes(arrow(us, pa.timestamp("us", zone), valid_mask(column)), unreadable)


def _of_integers(column: pa.Array[Any], time_format: str) -> Integers:
    if pa.types.is_uint64(column.type):
        found = np.minimum(values(column, np.uint64), np.uint64(_OUT_OF_RANGE)).astype(np.int64)
    else:
        found = values(column.cast(pa.int64()), np.int64)
    if time_format == EXCEL:
        return _of_serials(found, np.zeros(len(found), np.int64))
    unit = 1_000_000 if time_format == EPOCH else 1_000
    most = _OUT_OF_RANGE // unit
    return np.clip(found, -most, most) * unit


def _of_serial_floats(column: pa.Array[Any]) -> Integers:
    width = np.float32 if pa.types.is_float32(column.type) else np.float64
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
        width = np.float32
    days = values(column, width).astype(np.float64)
    known = np.isfinite(days) & (np.abs(days) < _OUT_OF_RANGE)
    days = np.where(known, days, 0.0)
    whole = np.floor(days)
    ms = np.rint((days - whole) * DAY_MS).astype(np.int64)
    return _of_serials(whole.astype(np.int64), ms)


def _of_texts(column: pa.Array[Any], time_format: str, mark: int) -> tuple[Integers, int]:
    unit, n_digits = {EPOCH: (10**6, 6), EPOCH_MS: (10**3, 0), EXCEL: (10**10, _EXCEL_DIGITS)}[
        time_format
    ]
    found = np.empty(len(column), np.int64)
    readable = np.empty(len(column), np.bool_)
    read_numbers(*texts(column), mark, n_digits, unit, _OUT_OF_RANGE // unit, found, readable)
    valid = valid_mask(column)
    unreadable = first_true(~readable if valid is None else ~readable & valid)
    if time_format != EXCEL:
        return found, unreadable
    days, parts = found // unit, found % unit
    ms, rest = parts * DAY_MS // unit, parts * DAY_MS % unit
    return _of_serials(days, ms + (2 * rest + (ms & 1) > unit)), unreadable


def _of_serials(days: Integers, ms: Integers) -> Integers:
    """Return the microseconds since 1970 of serial days and milliseconds of the day."""
    most = _OUT_OF_RANGE // (DAY_MS * 1_000)
    us = (np.clip(days - EXCEL_1970, -most, most) * DAY_MS + ms) * 1_000
    return np.where(days < _FIRST_SERIAL, _OUT_OF_RANGE, us)


def _with_microseconds(column: pa.Array[Any]) -> pa.Array[Any]:
    """Cast decimals to 0 to 6 digits after the point: Arrow writes others with an exponent."""
    import pyarrow.compute as pc

    scale = column.type.scale
    if scale > _MICRO_DIGITS:
        column = pc.round(column, _MICRO_DIGITS, round_mode="down")
    return column.cast(pa.decimal256(76, min(max(scale, 0), _MICRO_DIGITS)))


@kernel
def read_numbers(  # noqa: PLR0913
    data, offsets, mark, n_digits, unit, most, found, readable
):
    """Read decimal numbers as `floor(number * unit)`, `int64[n]`; `readable` is `bool[n]`.

    `mark` is the byte of the decimal point. If `n_digits` is 0, a fraction is not allowed.
    Otherwise `unit` is `10**n_digits`, and digits of the fraction after the first `n_digits` are
    floored. The whole part is limited to `most`.
    """
    for i in range(len(found)):
        found[i] = 0
        readable[i] = False
        at, end = trim(data, offsets[i], offsets[i + 1])
        negative = at < end and data[at] == ord("-")
        if negative or (at < end and data[at] == ord("+")):
            at += 1
        whole = np.int64(0)
        begin = at
        while at < end and 48 <= data[at] <= 57:
            whole = min(whole * 10 + (np.int64(data[at]) - 48), most)
            at += 1
        if at == begin:
            continue
        part = np.int64(0)
        has_rest = False
        if at < end and data[at] == mark and n_digits > 0:
            at += 1
            begin = at
            worth = unit
            while at < end and 48 <= data[at] <= 57:
                digit = np.int64(data[at]) - 48
                worth //= 10
                part += digit * worth
                if worth == 0 and digit > 0:
                    has_rest = True
                at += 1
            if at == begin:
                continue
        if at < end:
            continue
        readable[i] = True
        value = whole * unit + part
        found[i] = -value - np.int64(has_rest) if negative else value
