"""Attributes as numbers, truth values or text, from the text of a file."""

from __future__ import annotations

import pyarrow as pa

from rfm_engine.activation.flows.columns import BOOL, NUMBER
from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import arrow_texts, whole
from rfm_engine.options.messages import message

_DECIMALS = pa.decimal128(38, 9)
_TRUE = ("true", "1", "yes", "t", "y")
_FALSE = ("false", "0", "no", "f", "n")


def typed_column(texts: pa.ChunkedArray, name: str, kind: str) -> pa.Array | pa.ChunkedArray:
    """Return a column of text as a kind of `flows.columns`; empty text is null.

    Numbers with up to 9 decimals are decimals, so that comparisons are exact. If a number has more
    decimals, as estimates have, all numbers of the column are floats. Truth values are `true` and
    `false`, `1` and `0`, `yes` and `no`, in capital letters too.

    Raises
    ------
    DataError
        A value is not of the kind. The message does not show it.
    """
    import pyarrow.compute as pc

    plain = pc.utf8_trim_whitespace(texts)
    plain = pc.if_else(pc.equal(plain, ""), None, plain)
    if kind == NUMBER:
        return _numbers(plain, name)
    if kind == BOOL:
        place = pc.index_in(pc.utf8_lower(plain), value_set=arrow_texts([*_TRUE, *_FALSE]))
        if whole(place).null_count > whole(plain).null_count:
            raise _wrong(name, "true or false")
        return pc.less(place, len(_TRUE))
    return texts


def _numbers(texts: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    try:
        return texts.cast(_DECIMALS)
    except pa.ArrowInvalid:
        pass
    try:
        found = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        raise _wrong(name, "numbers") from None
    if pc.all(pc.is_finite(found)).as_py() is False:
        raise _wrong(name, "finite numbers")
    return found


def _wrong(name: str, wanted: str) -> DataError:
    return DataError(
        message(
            "column {!r} of {attributes} must have {}; got another value. Correct the file.",
            name, wanted,
        )
    )  # fmt: skip
