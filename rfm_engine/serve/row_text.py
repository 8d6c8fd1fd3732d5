"""Write single values of columns in mapped memory as JSON, without making objects of them.

A row of 11 columns takes 5 us. To read it with Arrow's checks, as values of Python, and then to
write these takes 17 us.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import pyarrow as pa

from rfm_engine.serve.json_text import json_key, json_text
from rfm_engine.serve.row_values import CODES, MOMENT, kept_values, value_reader, view_of

WriteValue: TypeAlias = Callable[[int], str]
"""Returns a member of a JSON object: the name of the column, a colon, and the value of a row."""

_MICROSECOND = timedelta(microseconds=1)  # to multiply it is faster than to make another one
_EPOCH = datetime(1970, 1, 1)


def value_writer(name: str, column: pa.Array[Any]) -> WriteValue:
    """Return the function that writes a value of a column of a file, which has no offset.

    It writes what `json_text` writes of the value that `value_reader` reads. If the column does not
    write `checked` values, Arrow must have validated the row before.

    Raises
    ------
    pyarrow.ArrowException, ValueError
        The values of a dictionary are damaged.
    """
    key, kind = json_key(name), column.type
    if column.null_count == 0:
        if pa.types.is_integer(kind):
            numbers = value_reader(column)
            return lambda row: f"{key}{numbers(row)}"
        if kind == MOMENT:
            us = view_of(column, "q")
            return lambda row: f'{key}"{(_EPOCH + us[row] * _MICROSECOND).isoformat()}Z"'
        if pa.types.is_decimal128(kind) and kind.scale >= 0:
            return _decimal_writer(key, column)
        if is_checked(column) and isinstance(column, pa.DictionaryArray):
            return _dictionary_writer(key, column)
    read = value_reader(column)
    return lambda row: f"{key}{json_text(read(row))}"


def is_checked(column: pa.Array[Any]) -> bool:
    """Return whether writing a value of a column finds damage as Arrow does.

    That is an error of type ValueError, OverflowError or IndexError. Arrow takes 4 us for a row.
    """
    kind = column.type
    if isinstance(column, pa.DictionaryArray):
        return column.null_count == 0 and kept_values(column) is not None
    checked = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string
    is_plain = kind in (MOMENT, pa.date32()) or any(is_of(kind) for is_of in checked)
    return is_plain or (pa.types.is_decimal128(kind) and column.null_count == 0 <= kind.scale)


def _decimal_writer(key: str, column: pa.Array[Any]) -> WriteValue:
    words, scale = view_of(column, "q"), column.type.scale
    precision = max(column.type.precision, scale + 1)
    point = "." if scale else ""

    def write(row: int) -> str:
        number, above = words[2 * row], words[2 * row + 1]
        if above != number >> 63:  # more than 64 bits
            number = (above << 64) + (number & 0xFFFF_FFFF_FFFF_FFFF)
        digits = str(abs(number)).zfill(scale + 1)
        if len(digits) > precision:
            raise ValueError(f"a decimal of {len(digits)} digits")
        end = len(digits) - scale
        return f'{key}"{"-" if number < 0 else ""}{digits[:end]}{point}{digits[end:]}"'

    return write


def _dictionary_writer(key: str, column: pa.DictionaryArray) -> WriteValue:
    texts = [f"{key}{json_text(value)}" for value in kept_values(column) or ()]
    # Without a sign, because a damaged place before 0 would be one from the end.
    places = view_of(column.indices, CODES[column.indices.type].upper())
    return lambda row: texts[places[row]]
