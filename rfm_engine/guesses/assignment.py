"""Assign columns to roles: each column has one role at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.customer_totals import customer_totals
from rfm_engine.guesses.guess import Alternative, Choose, Guess, decided
from rfm_engine.guesses.guests import without_shared_ids
from rfm_engine.guesses.prices import may_be_unit_price, quantity_guess
from rfm_engine.guesses.refusal import refuse, unreadable, unusable
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
from rfm_engine.guesses.rows import Roles, purchases
from rfm_engine.guesses.sample import Sample
from rfm_engine.orders.column_names import NAMES, weight_of
from rfm_engine.orders.place import named_by_role, require_columns

_FITS = {
    "time": times, "amount": amounts, "customer": customers, "order": orders,
    "quantity": quantities, "currency": currencies,
}  # fmt: skip
_REQUIRED = ("customer", "time", "amount")
_MOST_CERTAIN_FIRST = ("time", "amount", "customer")
_MOST_NULLS = 0.02


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
        refuse(sample, missing)


def _can_have(sample: Sample, role: str) -> bool:
    """Whether a person could choose a column for a role."""
    candidates = _candidates(sample.columns, role)
    is_certain = bool(candidates) and candidates[0].weight >= ENOUGH
    return is_certain or (bool(candidates) and not unusable(sample, role))


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
        refuse(sample, missing)
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
        if role == "order":
            candidates = self._of_all_purchases(candidates)
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

    def _of_all_purchases(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return the columns that have a value for nearly all purchases, unless there is none.

        For example, only some payments have an invoice.
        """
        named = {role: self.columns[role] for role in _REQUIRED}
        rows = purchases(Roles(**named))
        full = [
            each
            for each in candidates
            if len({*rows}.difference(row for row, _ in each.column.present()))
            <= _MOST_NULLS * len(rows)
        ]
        return full or candidates

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
        if not is_described and (reason := unreadable(column, role)):
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
