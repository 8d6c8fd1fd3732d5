"""An attribute of customers as exact integers, so that they can be ranked by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError, UsageError, shown, shown_value
from rfm_engine.kernels.arrays import is_text, valid_mask
from rfm_engine.kernels.types import Integers, Mask
from rfm_engine.options.messages import message
from rfm_engine.orders.money.decimals import decimal_minor
from rfm_engine.orders.money.integers import integer_minor
from rfm_engine.orders.money.notation import Notation, plain_numbers
from rfm_engine.orders.money.status import OK, ROUNDED, Minors
from rfm_engine.orders.money.texts import text_minor
from rfm_engine.totals.customer_attributes import CustomerAttributes

_MOST_DECIMALS = 9
_ONES = np.zeros(0, np.int64)


class CustomerAttributeValues(NamedTuple):
    """An attribute by row: integers in units of `10**-scale`, 0 where it is null."""

    values: Integers
    present: Mask
    scale: int


def values_of(
    attributes: CustomerAttributes, name: object, notation: Notation
) -> CustomerAttributeValues:
    """Return an attribute of integers or decimals; in CSV they are text in a notation.

    Raises
    ------
    UsageError
        There is no such attribute.
    DataError
        It is no number, or has more than 18 digits.
    """
    names = attributes.table.schema.names
    if not isinstance(name, str) or name not in names:
        raise UsageError(
            message(
                "{whale_by} must be monetary, orders or an attribute, one of {}; got {}.",
                ", ".join(names),
                shown(name),
            )
        )
    column = attributes.table[name]
    if is_text(column.type) and not attributes.is_text:
        raise _no_number(name, column.type, attributes.name)
    return numbers_of(column, name, attributes.name, notation)


def numbers_of(
    column: pa.ChunkedArray[Any], name: str, place: str, notation: Notation
) -> CustomerAttributeValues:
    """Return a column of integers, decimals or text that contains them.

    `name` and `place` are for messages.

    Raises
    ------
    DataError
        It is no number, or has more than 18 digits.
    """
    chunks = [_values(chunk, name, place, notation) for chunk in column.chunks]
    scale = max((each.scale for each in chunks), default=0)
    found = np.concatenate([_ONES, *(_at(each, scale, name) for each in chunks)])
    present = np.concatenate([np.zeros(0, np.bool_), *(each.present for each in chunks)])
    return CustomerAttributeValues(found, present, scale)


def notation_of(options: Mapping[str, Any]) -> Notation:
    """Return the notation of numbers in CSV, given the options of a result."""
    return Notation(options["csv_decimal"], options["csv_thousands"])


def _values(
    chunk: pa.Array[Any], name: str, place: str, notation: Notation
) -> CustomerAttributeValues:
    kind, n = chunk.type, len(chunk)
    valid = valid_mask(chunk)
    present = np.ones(n, np.bool_) if valid is None else valid
    scale = 0
    if pa.types.is_null(kind):
        minors = Minors(np.zeros(n, np.int64), np.zeros(n, np.uint8))
    elif pa.types.is_integer(kind):
        minors = integer_minor(chunk, _ONES)
    elif pa.types.is_decimal(kind):
        scale = max(kind.scale, 0)
        minors = decimal_minor(chunk, _ONES, scale)
    elif is_text(kind):
        scale, minors = _of_text(plain_numbers(chunk, notation), present, notation.decimal)
    else:
        raise _no_number(name, kind, place)
    faulty = np.flatnonzero(present & (minors.status != OK))
    if len(faulty):
        raise _bad_number(name, place, chunk[int(faulty[0])].as_py())
    return CustomerAttributeValues(np.where(present, minors.values, 0), present, scale)


def _of_text(numbers: pa.Array, present: Mask, decimal_mark: str) -> tuple[int, Minors]:
    """Return the smallest scale at which no number is rounded, and the numbers at this scale."""
    for scale in range(_MOST_DECIMALS + 1):
        minors = text_minor(numbers, _ONES, scale, decimal_mark)
        if not (present & (minors.status == ROUNDED)).any():
            return scale, minors
    return _MOST_DECIMALS, minors


def _at(found: CustomerAttributeValues, scale: int, name: str) -> Integers:
    """Return the values at a scale that is at least their own."""
    factor = 10 ** (scale - found.scale)
    most = 10**18 // factor
    if np.abs(found.values).max(initial=0) >= most:
        raise _too_large(name)
    return np.multiply(found.values, np.int64(factor))


def _too_large(name: str) -> DataError:
    return DataError(
        message("column {!r} of {whale_by} must have at most 18 digits; got more.", name)
    )


def _no_number(name: str, kind: pa.DataType, place: str) -> DataError:
    return DataError(
        message(
            "column {!r} of {whale_by} must contain integers or decimals; got {} in {}. Cast it.",
            name,
            kind,
            place,
        )
    )


def _bad_number(name: str, place: str, value: object) -> DataError:
    return DataError(
        message(
            "column {!r} of {whale_by} must contain integers or decimals of at most 18 digits, of "
            "them {} after the point; got {} in {}. Correct it.",
            name,
            _MOST_DECIMALS,
            shown_value(value),
            place,
        )
    )
