"""CSV columns from text to what they mean; the first value that cannot be read is named."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from rfm_engine.errors import DataError


def parsed_integers(column: pa.Array, what: str, where: Callable[[int], str]) -> pa.Array:
    """Read a text column as int64; `where` says where a row stands.

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
            f"{what} must hold integers of 64 bits; got {str(column[row])!r} in {where(row)}. "
            "Mend it, or read the ids as text."
        ) from None


def _is_int64(text: str | None) -> bool:
    if text is None:
        return True
    try:
        pa.scalar(text).cast(pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def parsed_times(column, time_format, where):
    return column.cast(pa.timestamp("us")), "naive"
