"""Convert the columns of `distinct` to words and bytes that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError, UsageError, shown
from rfm_engine.kernels.arrays import (
    first_true,
    frozen,
    is_bytes,
    is_text,
    valid_mask,
    values,
)
from rfm_engine.kernels.types import Words
from rfm_engine.options.messages import as_given, message, named
from rfm_engine.orders.keys import ByteKeys, RowKeys, SharedKeys, keys_of

_DAY_SECONDS = 86_400
_DAY_MS = 86_400_000
_TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DECIMAL_WORDS = 4


class Cells(NamedTuple):
    """The values of a column: `words`, `uint64[n, width]`, or `texts` of any length.

    Equal values have equal words, also if the width, the unit or the layout of the columns differs.
    `present`, `bool[n]`, is false for nulls; None means that there are none. The words of a null
    are arbitrary.
    """

    words: Words | None
    texts: ByteKeys | SharedKeys | None
    present: npt.NDArray[np.bool_] | None


class Compared(NamedTuple):
    """The values that rows are compared by, and other values that must be equal in equal rows.

    Attributes
    ----------
    columns
        The distinct columns: rows are duplicates if these are equal.
    order, currency
        Values that duplicates must have in common, besides those in `OrderRows`. None if the column
        is not read, or if it is one of the distinct columns.
    """

    columns: tuple[Cells, ...]
    order: Cells | None
    currency: Cells | None


def column_names(given: object, option: str = "distinct") -> tuple[str, ...]:
    """Return the names of columns given for an option: one name, a sequence of names, or None.

    Raises
    ------
    UsageError
        Something else was given, or a column is named twice, or a name is empty.
    """
    several = (given,) if isinstance(given, str) else () if given is None else given
    if not isinstance(several, Sequence) or not all(isinstance(each, str) for each in several):
        raise UsageError(
            message("{} must name columns such as 'order_id'; got {}.", named(option), shown(given))
        )
    if len(set(several)) < len(several) or "" in several:
        raise UsageError(
            message(
                "{} must name each column once; got {}. Remove the other names.",
                named(option),
                as_given(option, several),
            )
        )
    return tuple(several)


def width_of_kind(kind: str) -> int:
    """Return the number of words that a value of a kind takes; 0 if it varies."""
    if kind in ("text", "binary", "uuid"):
        return 0
    if kind in ("naive", "zoned"):
        return 2
    return _DECIMAL_WORDS if kind.startswith("decimal") else 1


def has_texts(kind: pa.DataType) -> bool:
    """Return whether values of a type are read as texts of any length."""
    return is_text(kind) or is_bytes(kind) or isinstance(kind, pa.UuidType)


def cells_of_keys(keys: RowKeys, present: npt.NDArray[np.bool_] | None = None) -> Cells:
    """Return ids as cells, without a copy."""
    if keys.of_bytes:
        return Cells(None, keys, present)
    return Cells(frozen(keys.bits.reshape(-1, 1)), None, present)


def cells_of(column: pa.Array, refuse_wide: Callable[[npt.NDArray[np.bool_]], None]) -> Cells:
    """Return a column as cells. The column is plain, or a dictionary array of texts.

    If the column has decimals of scale 0, `refuse_wide` is called with a mask, `bool[n]`, of the
    rows whose value does not fit 64 bits.
    """
    kind, present = column.type, valid_mask(column)
    if pa.types.is_null(kind):
        return Cells(frozen(np.zeros((len(column), 1), np.uint64)), None, present)
    if pa.types.is_boolean(kind):
        found = values(column.cast(pa.uint8()), np.uint8).astype(np.uint64).reshape(-1, 1)
    elif pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        found = _moment_words(column)
    elif pa.types.is_decimal(kind):
        found = _decimal_words(column)
        if kind.scale == 0:
            refuse_wide((found[:, 1:] != _signs(found[:, 0])[:, None]).any(axis=1))
            found = found[:, :1]
    else:
        return cells_of_keys(keys_of(column), present)
    return Cells(frozen(found), None, present)


def refuse_wide_in(
    name: str, column: pa.Array, counted: npt.NDArray[np.bool_], where: Callable[[int], str]
) -> Callable[[npt.NDArray[np.bool_]], None]:
    """Return a function that raises an error if a counted row is in its mask of wide decimals."""

    def refuse(wide: npt.NDArray[np.bool_]) -> None:
        valid = valid_mask(column)
        row = first_true(wide & counted if valid is None else wide & counted & valid)
        if row >= 0:
            raise DataError(
                f"distinct column {name!r} must fit int64, because it has decimals of scale 0; got "
                f"{column[row]} in {where(row)}. Convert it to text."
            )

    return refuse


def _moment_words(column: pa.Array) -> Words:
    """Return seconds and nanoseconds, which are the same for every unit of the column."""
    kind = column.type
    if pa.types.is_date32(kind):
        seconds = values(column, np.int32).astype(np.int64) * _DAY_SECONDS
        ticks, each = np.zeros(len(column), np.int64), 1
    elif pa.types.is_date64(kind):
        seconds = values(column, np.int64) // _DAY_MS * _DAY_SECONDS
        ticks, each = np.zeros(len(column), np.int64), 1
    else:
        each = _TICKS_PER_SECOND[kind.unit]
        seconds, ticks = np.divmod(values(column, np.int64), each)
    return np.column_stack([seconds, ticks * (10**9 // each)]).view(np.uint64)


def _decimal_words(column: pa.Array) -> Words:
    """Return decimals as 256 bits in four words, the lowest word first."""
    width = column.type.bit_width
    if width < 64:
        low = values(column, np.int32).astype(np.int64).view(np.uint64).reshape(-1, 1)
    else:
        low = values(column, np.uint64).reshape(-1, width // 64)
    signs = _signs(low[:, -1])
    return np.column_stack([low, *[signs] * (_DECIMAL_WORDS - low.shape[1])])


def _signs(words: Words) -> Words:
    """Return a word of ones for each word with its highest bit set, and 0 for the others."""
    return (words.view(np.int64) >> 63).view(np.uint64)
