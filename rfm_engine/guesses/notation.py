"""Guess how the values of the columns that are read are written."""

from __future__ import annotations

import pyarrow as pa

from rfm_engine.guesses.column import is_whole
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.names import words_of
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.guesses.rows import Roles, purchases
from rfm_engine.guesses.sample import Sample
from rfm_engine.guesses.times import time_format_of

_MINOR_WORDS = {"cents", "cent", "minor", "pence", "pennies"}


def guess_notation(sample: Sample, roles: Roles) -> list[Guess | None]:
    """Guess the options that say how times, numbers, nulls and ids are written."""
    found = [_time_format(roles)]
    if sample.delimiter is None:
        return [*found, _amount_scale(roles)]
    return [*found, *_numbers(roles), _null_words(roles), _ids(roles)]


def _time_format(roles: Roles) -> Guess | None:
    found = time_format_of(roles.time)
    if found is None or found.format is None:
        return None
    others = () if found.other is None else (Alternative(found.other, "all values fit this too"),)
    return Guess("time_format", found.format, f"times such as {roles.time.texts[0]}", others)


def _numbers(roles: Roles) -> list[Guess | None]:
    written = written_numbers(roles.amount)
    if written is None:
        return []
    example = max(roles.amount.distinct, key=len)
    decimal = None if written.decimal == "." else written.decimal
    reason = f"amounts such as {example}"
    others_decimal: tuple[Alternative, ...] = ()
    others_thousands: tuple[Alternative, ...] = ()
    if written.other is not None:
        mark, thousands = written.other
        reason += ", which can be read in two ways"
        if mark != written.decimal:
            others_decimal = (Alternative(mark, "together with the line for thousands"),)
        others_thousands = (Alternative(thousands, "if the sign is the decimal point"),)
    return [
        Guess("csv_decimal", decimal, reason, others_decimal),
        Guess("csv_thousands", written.thousands, reason, others_thousands),
    ]


def _null_words(roles: Roles) -> Guess | None:
    words = tuple(dict.fromkeys(word for column in roles.used for word in column.null_words))
    columns = ", ".join(column.name for column in roles.used if column.null_words)
    return Guess("csv_null", words, f"words for null in {columns}") if words else None


def _ids(roles: Roles) -> Guess | None:
    """Guess that ids are integers if those of all purchases are; other rows need no order id."""
    if not roles.customer.are_whole or roles.customer.n_quoted_empty:
        return None
    reason = "all customer ids are whole numbers"
    if roles.order is not None:
        order = roles.order.values
        texts = [text for row in purchases(roles) if (text := order[row]) is not None]
        if roles.order.n_quoted_empty or not all(is_whole(text) for text in texts):
            return None
        reason = "the ids of all customers and purchases are whole numbers"
    return Guess("ids", "int", reason)


def _amount_scale(roles: Roles) -> Guess | None:
    """Guess two decimal places if whole amounts are named as cents."""
    kind = roles.amount.kind
    if not pa.types.is_integer(kind) or _MINOR_WORDS.isdisjoint(words_of(roles.amount.name)):
        return None
    return Guess("amount_scale", 2, f"{roles.amount.name!r} is in hundredths")
