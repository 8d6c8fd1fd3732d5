"""Assign columns to roles: each column has one role at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, cut, shown_value
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.customer_totals import customer_totals
from rfm_engine.guesses.guess import Alternative, Choose, Guess, decided
from rfm_engine.guesses.guests import without_shared_ids
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.guesses.prices import may_be_unit_price, quantity_guess
from rfm_engine.guesses.roles import (
    ENOUGH,
    Candidate,
    amounts,
    currencies,
    customers,
    guess_of,
    orders,
    quantities,
    ranked,
    times,
)
from rfm_engine.guesses.sample import Sample
from rfm_engine.guesses.times import time_format_of
from rfm_engine.kernels.arrays import is_text
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import GuessedOptions
from rfm_engine.orders.column_names import NAMES, weight_of
from rfm_engine.orders.place import named_by_role, require_columns

_FITS = {
    "time": times, "amount": amounts, "customer": customers, "order": orders,
    "quantity": quantities, "currency": currencies,
}  # fmt: skip
_REQUIRED = ("customer", "time", "amount")
_MOST_CERTAIN_FIRST = ("time", "amount", "customer")
_LISTED_COLUMNS = 20


class Assigned(NamedTuple):
    """The column of each role that has one, and the guesses that led to them."""

    columns: dict[str, Column]
    guesses: list[Guess]


def check_roles(sample: Sample, typed: Mapping[str, Any]) -> None:
    """Refuse files in which no column can be the customer, the time or the amount.

    Called before anything is asked.

    Raises
    ------
    UsageError
        A typed column is missing or cannot be read. Or a role has no possible column, or the one
        that has the name cannot be read.
    """
    typed_columns = _typed_columns(sample, typed)
    missing = [
        role for role in _REQUIRED if role not in typed_columns and not _can_have(sample, role)
    ]
    if missing:
        _refuse(sample, missing)


def _can_have(sample: Sample, role: str) -> bool:
    """Whether a person could choose a column for a role."""
    candidates = _candidates(sample.columns, role)
    is_certain = bool(candidates) and candidates[0].weight >= ENOUGH
    return is_certain or (bool(candidates) and not _unusable(sample, role))


def _candidates(columns: Iterable[Column], role: str) -> list[Candidate]:
    """Return the columns that may have a role, without those that clearly have another one."""
    return [
        each
        for each in ranked(columns, _FITS[role])
        if each.weight >= ENOUGH or not _has_another(each.column.name, role)
    ]


def _has_another(name: str, role: str) -> bool:
    if weight_of(name, role) >= ENOUGH:
        return False
    return any(weight_of(name, other) >= ENOUGH for other in NAMES if other != role)


def assign_roles(
    sample: Sample, typed: Mapping[str, Any], choose: Choose, *, can_ask: bool
) -> Assigned:
    """Assign columns to roles. Columns that were typed keep their role.

    Raises
    ------
    UsageError
        A typed column is missing, or customer, time or amount cannot be guessed.
    """
    assignment = _Assignment(sample, typed, choose, can_ask=can_ask)
    columns = assignment.columns
    for role in _MOST_CERTAIN_FIRST:
        assignment.assign(role)
    missing = [role for role in _REQUIRED if role not in columns]
    if missing:
        _refuse(sample, missing)
    totals = customer_totals(sample.columns, columns["customer"], typed)
    assignment.guesses += totals
    if not totals and not typed.get("customer_level"):
        assignment.assign("order")
        if may_be_unit_price(columns["amount"]):
            assignment.assign("quantity")
    assignment.assign("currency")
    return Assigned(columns, assignment.guesses)


class _Assignment:
    """Assign one role after the other; a column has one role."""

    def __init__(
        self, sample: Sample, typed: Mapping[str, Any], choose: Choose, *, can_ask: bool
    ) -> None:
        names = [column.name for column in sample.columns]
        self._free = {c.name: c for c in sample.columns if c.name and names.count(c.name) == 1}
        self._choose = choose
        self._can_ask = can_ask
        self.columns = _typed_columns(sample, typed)
        self.guesses: list[Guess] = []

    def assign(self, role: str) -> None:
        """Guess the column of a role that has none."""
        if role in self.columns:
            return
        used = {column.name for column in self.columns.values()}
        free = (column for column in self._free.values() if column.name not in used)
        candidates = _candidates(free, role)
        guess = _role_guess(role, candidates, can_ask=self._can_ask)
        if guess is None:
            return
        if role == "customer":
            guess = without_shared_ids(guess, candidates)
        if role == "quantity":
            guess = quantity_guess(guess, [*self._free.values()], self.columns["amount"])
        guess = decided(guess, self._choose)
        if guess.value is not None:
            self.columns[role] = self._free[str(guess.value)]
        elif role == "quantity" and not guess.others:
            self._explain("amount", guess.reason)
        self.guesses.append(guess)

    def _explain(self, role: str, reason: str) -> None:
        """Add a reason to the guess of a role, if it was guessed."""
        self.guesses = [
            each._replace(reason=f"{each.reason}; {reason}") if each.option == role else each
            for each in self.guesses
        ]


def _typed_columns(sample: Sample, typed: Mapping[str, Any]) -> dict[str, Column]:
    """Return the columns of the roles that were typed; refuse values that cannot be read."""
    names = [column.name for column in sample.columns]
    known = {role: typed[role] for role in _FITS if typed.get(role) is not None}
    with named_by_role({name: role for role, name in known.items()}):
        require_columns(names, list(known.values()), sample.name)
    columns = {role: sample.columns[names.index(name)] for role, name in known.items()}
    for role, column in columns.items():
        is_described = role == "time" and typed.get("time_format") is not None
        if not is_described and (reason := _unreadable(column, role)):
            raise UsageError(f"the {role} must have values that can be read; {reason}.")
    return columns


def _role_guess(role: str, candidates: Sequence[Candidate], *, can_ask: bool) -> Guess | None:
    guess = guess_of(role, candidates)
    if guess is None or candidates[0].weight >= ENOUGH:
        return guess
    if weight_of(candidates[0].column.name, role) >= ENOUGH:  # the best one, in spite of its values
        return guess
    if not can_ask or role not in _REQUIRED:
        return None
    none = Alternative(None, "none of these columns")
    return guess._replace(others=(*guess.others, none))


def _refuse(sample: Sample, missing: Sequence[str]) -> None:
    flags = [declared(GuessedOptions)[role].flag for role in missing]
    is_one = len(missing) == 1
    names = [column.name for column in sample.columns]
    listed = ", ".join(map(cut, names[:_LISTED_COLUMNS])) or "no columns"
    if len(names) > _LISTED_COLUMNS:
        listed += f" and {len(names) - _LISTED_COLUMNS} more"
    reasons = [f"{reason}." for role in missing if (reason := _unusable(sample, role))]
    if reasons:
        named = "Name another column" if is_one else "Name other columns"
    else:
        named = "Name the column" if is_one else "Name the columns"
    advice = " ".join([*reasons, f"{named} with {_either(flags)}."])
    raise UsageError(
        f"the {'column' if is_one else 'columns'} for {_either(missing)} must be clear from "
        f"{sample.name}; got {listed}. {advice}"
    )


def _unusable(sample: Sample, role: str) -> str:
    """Return why the column with the best name for a role cannot have it."""
    named = [column for column in sample.columns if weight_of(column.name, role) >= ENOUGH]
    found = [reason for column in named if (reason := _unreadable(column, role))]
    return found[0] if found else ""


def _unreadable(column: Column, role: str) -> str:
    """Return a value that cannot be read as the role and what to do; empty if there is none."""
    if role not in ("time", "amount"):
        return ""
    fits = time_format_of if role == "time" else written_numbers
    if column.kind is not None and not is_text(column.kind):
        is_read = not column.texts or fits(column) is not None
        return "" if is_read else f"{column.name!r} has type {column.kind}: cast it"
    odd = next((text for text in column.distinct if fits(Column("", (text,))) is None), "")
    if not odd:
        return ""
    value = f"{column.name!r} has {shown_value(odd)}"
    if role == "time":
        return (
            f"{value}: describe the format with --time-format, or export times such as 2025-01-31"
        )
    return f"{value}: export plain numbers, without currency signs and words"


def _either(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
