"""Guess how the values of the columns that are read are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from rfm_engine.guesses.column import is_whole
from rfm_engine.guesses.guess import Alternative, Choose, Guess, decided
from rfm_engine.guesses.numbers import Written, written_numbers
from rfm_engine.guesses.rows import Roles, purchases
from rfm_engine.guesses.sample import Sample
from rfm_engine.guesses.times import doubt_of, time_format_of
from rfm_engine.orders.column_names import words_of
from rfm_engine.orders.money.notation import PLAIN

_MINOR_WORDS = {"cents", "cent", "minor", "pence", "pennies"}


def guess_notation(
    sample: Sample, roles: Roles, typed: Mapping[str, Any], choose: Choose
) -> list[Guess]:
    """Guess the options that say how times, numbers, nulls and ids are written."""
    found = [_time_format(roles)]
    if sample.delimiter is None:
        found.append(_amount_scale(roles))
    else:
        found += [_cents_of_text(roles), _null_words(roles), _ids(roles)]
    guesses = [each for each in found if each is not None and each.option not in typed]
    decisions = [decided(guess, choose) for guess in guesses]
    return decisions if sample.delimiter is None else [*decisions, *_numbers(roles, typed, choose)]


def _time_format(roles: Roles) -> Guess | None:
    found = time_format_of(roles.time)
    if found is None or found.format is None:
        return None
    reason = f"times such as {roles.time.texts[0]}"
    if found.other is None:
        return Guess("time_format", found.format, reason)
    meant, otherwise = doubt_of(roles.time, found)
    other = Alternative(found.other, otherwise)
    return Guess("time_format", found.format, f"{reason}; {meant}", (other,))


def _numbers(roles: Roles, typed: Mapping[str, Any], choose: Choose) -> list[Guess]:
    """Guess the decimal point and the thousands separator; one question decides both."""
    written = written_numbers(roles.amount)
    if written is None:
        return []
    longest = max(roles.amount.distinct, key=len)
    readings = [(written.decimal, written.thousands), *filter(None, [written.other])]
    readings = [each for each in readings if _agrees(each, typed)]
    if len(readings) < 2:
        reason = f"amounts such as {longest}"
        found = [guess for each in readings for guess in _pair(each, reason)]
        return [guess for guess in found if guess.option not in typed]
    first, second = readings
    guess = _decimal_point(first, second, longest)
    if choose(guess).value != first[0]:
        first, second = second, first
        guess = _decimal_point(first, second, longest)
    groups = Alternative(second[1], f"together with the decimal point {second[0]!r}")
    return [guess, Guess("csv_thousands", first[1], guess.reason, (groups,))]


def _decimal_point(
    first: tuple[str, str | None], second: tuple[str, str | None], text: str
) -> Guess:
    """Return the doubtful guess of a decimal point, with what one amount is in both readings."""
    one, other = (f"{Written(*each).value(text).normalize():f}" for each in (first, second))
    return Guess(
        "csv_decimal", first[0], f"amounts such as {text} are read as {one}",
        (Alternative(second[0], f"reads {text} as {other}"),),
    )  # fmt: skip


def _agrees(reading: tuple[str, str | None], typed: Mapping[str, Any]) -> bool:
    decimal, thousands = reading
    return bool(
        typed.get("csv_decimal", decimal) == decimal
        and typed.get("csv_thousands", thousands) == thousands
    )


def _pair(reading: tuple[str, str | None], reason: str) -> list[Guess]:
    decimal, thousands = reading
    is_usual = decimal == PLAIN.decimal
    return [
        Guess("csv_decimal", None if is_usual else decimal, reason),
        Guess("csv_thousands", thousands, reason),
    ]


def _null_words(roles: Roles) -> Guess | None:
    words = tuple(dict.fromkeys(word for column in roles.used for word in column.null_words))
    columns = ", ".join(column.name for column in roles.used if column.null_words)
    return Guess("csv_null", words, f"words in {columns} that mean no value") if words else None


def _ids(roles: Roles) -> Guess | None:
    """Guess that ids are integers if those of all purchases are; other rows need no order id."""
    if not roles.customer.are_whole or roles.customer.quoted_empty:
        return None
    reason = "all customer ids are whole numbers"
    if roles.order is not None:
        order = roles.order.values
        texts = [text for row in purchases(roles) if (text := order[row]) is not None]
        if roles.order.quoted_empty or not all(is_whole(text) for text in texts):
            return None
        reason = "the ids of all customers and purchases are whole numbers"
    return Guess("ids", "int", reason)


def _amount_scale(roles: Roles) -> Guess | None:
    """Guess two decimal places if whole amounts are named as cents."""
    kind = roles.amount.kind
    if not pa.types.is_integer(kind) or _MINOR_WORDS.isdisjoint(words_of(roles.amount.name)):
        return None
    return Guess("amount_scale", 2, f"{roles.amount.name!r} is in hundredths")


def _cents_of_text(roles: Roles) -> Guess | None:
    """Guess no decimal places if whole amounts in CSV are named as cents.

    Text is read as it is written, so 1050 would be 1050.00, which looks like major units.
    """
    amount = roles.amount
    if _MINOR_WORDS.isdisjoint(words_of(amount.name)) or not amount.are_whole:
        return None
    reason = (
        f"{amount.name!r} seems to be in hundredths, and CSV is read as it is written, so all "
        "money is shown in hundredths; divide the column by 100 before, to see major units"
    )
    return Guess("amount_scale", 0, reason)
