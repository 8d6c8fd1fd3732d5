"""Find the column of each role by its name and its values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.errors import cut
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.guesses.times import time_format_of
from rfm_engine.kernels.arrays import is_bytes, is_text
from rfm_engine.orders.column_names import weight_of

ENOUGH = 40
"""The least weight of a column that is taken without asking."""
_CLOSE = 12
_OF_EMAILS, _OF_TIMES, _OF_MONEY, _BY_VALUES = 60, 45, 30, 10
_SHOP_NUMBERS = 50
_MOST_OTHERS = 4


class Candidate(NamedTuple):
    """A column that may have a role: how well it fits, and why."""

    weight: int
    column: Column
    reason: str

    @property
    def choice(self) -> Alternative:
        """The column as a choice, with one of its values."""
        example = cut(self.column.texts[0]) if self.column.texts else ""
        return Alternative(self.column.name, self.reason, example)


def customers(column: Column) -> Candidate | None:
    """Return how well a column fits as the customer."""
    if not _can_be_id(column):
        return None
    weight = weight_of(column.name, "customer")
    reason = _named(weight, "customer")
    if column.are_emails:
        weight = max(weight, _OF_EMAILS)
        reason = _joined(reason, "the values are e-mail addresses")
    if len(column.distinct) == 1 and len(column.texts) > 2:
        weight //= 4
    return _with_nulls(
        column,
        max(weight, _BY_VALUES),
        reason or f"the values can be ids, such as {column.texts[0]}",
    )


def times(column: Column) -> Candidate | None:
    """Return how well a column fits as the time of the order."""
    found = time_format_of(column)
    if found is None:
        return None
    weight = weight_of(column.name, "time")
    reason = _joined(_named(weight, "time"), f"the values are times such as {cut(column.texts[0])}")
    if weight == 0:
        weight = _BY_VALUES if found.is_number else _OF_TIMES
    return _with_nulls(column, weight, reason)


def amounts(column: Column) -> Candidate | None:
    """Return how well a column fits as the amount of the order."""
    if written_numbers(column) is None:
        return None
    weight = weight_of(column.name, "amount")
    reason = f"the values are numbers such as {column.texts[0]}"
    if weight:
        return _with_nulls(column, weight, _joined(_named(weight, "amount"), reason))
    has_cents = any(text[-3:-2] in (".", ",") for text in column.distinct)
    weight = _OF_MONEY if has_cents else _BY_VALUES
    return _with_nulls(column, weight, reason)


def orders(column: Column) -> Candidate | None:
    """Return how well a column fits as the id of the order."""
    weight = weight_of(column.name, "order")
    if not weight or not _can_be_id(column):
        return None
    reason = _named(weight, "order")
    if weight < ENOUGH and _are_shop_numbers(column):
        weight += _SHOP_NUMBERS
        reason = "the values are order numbers such as " + column.texts[0]
    if len(column.distinct) == 1 and len(column.texts) > 2:
        weight //= 4
    return _with_nulls(column, weight, reason)


def quantities(column: Column) -> Candidate | None:
    """Return how well a column fits as the quantity of a row."""
    weight = weight_of(column.name, "quantity")
    is_whole = all(text.lstrip("+-").isdigit() for text in column.distinct)
    if column.kind is not None and not pa.types.is_integer(column.kind):
        return None
    if not weight or not column.texts or not is_whole:
        return None
    return _with_nulls(
        column, weight, _joined(_named(weight, "quantity"), "the values are whole numbers")
    )


def order_counts(column: Column) -> Candidate | None:
    """Return how well a column fits as the number of orders of a customer."""
    weight = weight_of(column.name, "n_orders")
    if not weight or not column.are_whole or column.null_share:
        return None
    return Candidate(weight, column, _named(weight, "number of orders"))


def currencies(column: Column) -> Candidate | None:
    """Return how well a column fits as the currency."""
    weight = weight_of(column.name, "currency")
    is_code = all(len(text) == 3 and text.isalpha() for text in column.distinct)
    if column.kind is not None and not is_text(column.kind):
        return None
    if not weight or not column.texts or not is_code:
        return None
    reason = f"the values are currency codes such as {column.texts[0]}"
    return Candidate(weight, column, _joined(_named(weight, "currency"), reason))


def ranked(
    columns: Iterable[Column], fits: Callable[[Column], Candidate | None]
) -> list[Candidate]:
    """Return the columns that may have a role, the one that fits best first."""
    found = [candidate for column in columns if (candidate := fits(column)) is not None]
    return sorted(found, key=lambda each: -each.weight)


def guess_of(role: str, candidates: Sequence[Candidate]) -> Guess | None:
    """Return the guess of a role: doubtful if other columns fit nearly as well, or none fits well.

    None means that no column can have the role.
    """
    if not candidates:
        return None
    best = candidates[0]
    least = best.weight - _CLOSE if best.weight >= ENOUGH else 1
    others = [each for each in candidates[1:] if each.weight >= least][:_MOST_OTHERS]
    value, reason, example = best.choice
    return Guess(role, value, reason, tuple(each.choice for each in others), example)


def _can_be_id(column: Column) -> bool:
    if not column.texts:
        return False
    if column.kind is None:
        number = written_numbers(column)
        return number is None or column.are_whole or all(t.isdigit() for t in column.distinct)
    kind = column.kind
    return bool(
        pa.types.is_integer(kind) or is_text(kind) or is_bytes(kind)
        or isinstance(kind, pa.UuidType)
    )  # fmt: skip


def _are_shop_numbers(column: Column) -> bool:
    """Whether all values are short texts around one number, such as `#1` or `SHOP-1001`."""
    for text in column.distinct:
        core = text.strip("#-_/ ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if not core.isdigit() or (len(core) < 3 and not text.startswith("#")):
            return False
    return bool(column.texts)


def _with_nulls(column: Column, weight: int, reason: str) -> Candidate:
    """Let columns with many nulls weigh less."""
    share = column.null_share
    if share >= 0.005:
        reason += f"; {share:.0%} of the rows have no value"
    return Candidate(max(weight - round(40 * share), 1), column, reason)


def _named(weight: int, role: str) -> str:
    if weight >= 80:
        return f"a usual name for the {role}"
    return f"perhaps a name for the {role}" if weight else ""


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
