"""Refuse text amounts that are not plain decimals, and suggest the option that reads them."""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from rfm_engine.errors import DataError, shown_value
from rfm_engine.options.messages import message
from rfm_engine.orders.money.notation import Notation
from rfm_engine.orders.odd_ids import NULL_WORDS

_GROUPS = re.compile(r"[0-9]{1,3}(?:([.,'\u2019 \u00a0\u202f])[0-9]{3}(?![0-9]))+")
_CODE = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,3}\.?(?![^\W\d_])")
_ENOUGH = 1_000  # characters; a longer text is not an amount


def refuse_unreadable(text: str, notation: Notation, place: str, what: str = "amount") -> NoReturn:
    """Refuse an amount, or another number, that cannot be parsed.

    Raises
    ------
    DataError
        Always. The message suggests a fix.
    """
    sign = notation.thousands
    groups = "" if sign is None else f" and {sign!r} between groups of three digits"
    raise DataError(
        message(
            "{} must be a decimal number with {!r} as decimal point{}; got {} in {}. {}",
            what,
            notation.decimal,
            groups,
            shown_value(text),
            place,
            _advice(text[:_ENOUGH], notation),
        )
    )


def advice_on_null(text: str) -> str | None:
    """Return the option that reads a text as null; None if it is not a common word for null."""
    return message("In CSV, {csv_null:{}} reads it as null.", text) if text in NULL_WORDS else None


def _advice(text: str, notation: Notation) -> str:
    null = advice_on_null(text)
    if null is not None:
        return null
    has_digits = any(each.isdigit() for each in text)
    if has_digits and any(unicodedata.category(each) == "Sc" for each in text):
        return message("Remove the sign; put the currency into a separate column, {currency}.")
    if has_digits and _CODE.search(text):
        return message("Remove the letters; put a currency into a separate column, {currency}.")
    other = "," if notation.decimal == "." else "."
    if other in text and notation.decimal not in text and notation.thousands != other:
        after = text.rpartition(other)[2].rstrip(" -)")
        if text.count(other) == 1 and len(after) != 3:
            return message("Set the decimal point with {csv_decimal:{}}.", other)
    groups = _GROUPS.search(text)
    if notation.thousands is None and groups is not None and groups[1] != notation.decimal:
        sign = "space" if groups[1].isspace() else groups[1]
        is_either = text.count(other) == 1 and groups[1] == other and notation.decimal not in text
        if is_either:
            return message(
                "Set the thousands separator with {csv_thousands:{}}, or the decimal point with "
                "{csv_decimal:{}}.",
                sign, other,
            )  # fmt: skip
        return message("Set the thousands separator with {csv_thousands:{}}.", sign)
    return "Correct it, or name another column."
