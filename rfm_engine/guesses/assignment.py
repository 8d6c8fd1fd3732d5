"""Assign columns to roles: each column has one role at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rfm_engine.errors import UsageError, cut, shown_value
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Choose, Guess, decided
from rfm_engine.guesses.numbers import written_numbers
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
from rfm_engine.guesses.rows import is_unit_price, with_doubt
from rfm_engine.guesses.sample import Sample
from rfm_engine.guesses.times import time_format_of
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import GuessedOptions
from rfm_engine.orders.column_names import weight_of
from rfm_engine.orders.place import require_columns

# The most certain roles first: a column has one role.
_FITS = {
    "time": times, "amount": amounts, "customer": customers, "order": orders,
    "quantity": quantities, "currency": currencies,
}  # fmt: skip
_REQUIRED = ("customer", "time", "amount")
_LISTED_COLUMNS = 20


def assign_roles(
    sample: Sample, typed: Mapping[str, Any], choose: Choose, *, can_ask: bool
) -> dict[str, tuple[Column, Guess]]:
    """Return the column of each role that has one, and its guess.

    Raises
    ------
    UsageError
        A typed column is missing, or customer, time or amount cannot be guessed.
    """
    names = [column.name for column in sample.columns]
    known = {role: typed[role] for role in _FITS if typed.get(role) is not None}
    require_columns(names, list(known.values()), sample.name)
    by_name = {column.name: column for column in sample.columns}
    found = {role: (by_name[name], Guess(role, name, "given")) for role, name in known.items()}
    free = [c for c in sample.columns if c.name and names.count(c.name) == 1]
    roles = _REQUIRED if typed.get("customer_level") else tuple(_FITS)
    for role in sorted(roles, key=list(_FITS).index):
        fits = _FITS[role]
        if role in found or (role == "quantity" and not _is_multiplied(found)):
            continue
        used = {column.name for column, _ in found.values()}
        candidates = ranked((column for column in free if column.name not in used), fits)
        guess = _role_guess(role, candidates, can_ask=can_ask)
        if guess is not None and role == "quantity":
            guess = with_doubt(guess, found["amount"][0])
        if guess is not None:
            guess = decided(guess, choose)
        if guess is not None and guess.value is not None:
            found[role] = (by_name[str(guess.value)], guess)
    missing = [role for role in _REQUIRED if role not in found]
    if missing:
        _refuse(sample, missing)
    return found


def _is_multiplied(found: Mapping[str, tuple[Column, Guess]]) -> bool:
    return "amount" in found and is_unit_price(found["amount"][0])


def _role_guess(role: str, candidates: Sequence[Candidate], *, can_ask: bool) -> Guess | None:
    guess = guess_of(role, candidates)
    if guess is None or candidates[0].weight >= ENOUGH:
        return guess
    if not can_ask or role not in _REQUIRED:
        return None
    none = Alternative(None, f"no column has the {role}")
    return guess._replace(others=(*guess.others, none))


def _refuse(sample: Sample, missing: Sequence[str]) -> None:
    flags = [declared(GuessedOptions)[role].flag for role in missing]
    names = [column.name for column in sample.columns]
    listed = ", ".join(map(cut, names[:_LISTED_COLUMNS])) or "no columns"
    if len(names) > _LISTED_COLUMNS:
        listed += f" and {len(names) - _LISTED_COLUMNS} more"
    if sample.n_rows == 0:
        listed += ", without rows"
    hints = [hint for role in missing if (hint := _unusable(sample, role))]
    advice = " ".join([*hints, f"Name the columns with {_either(flags)}."])
    raise UsageError(
        f"the {_either(missing)} must be recognisable from the names and values of the columns of "
        f"{sample.name}; got {listed}. {advice}"
    )


def _unusable(sample: Sample, role: str) -> str:
    """Return why the column with the best name for a role cannot have it."""
    named = [c for c in sample.columns if weight_of(c.name, role) >= ENOUGH and c.texts]
    if role == "customer" or not named:
        return ""
    column = max(named, key=lambda each: weight_of(each.name, role))
    fits = time_format_of if role == "time" else written_numbers
    odd = next((text for text in column.distinct if fits(Column("", (text,))) is None), "")
    if not odd:
        return ""
    what = "time in a known form" if role == "time" else "number without a currency sign or words"
    return f"{column.name!r} has {shown_value(odd)}, which is not a {what}."


def _either(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
