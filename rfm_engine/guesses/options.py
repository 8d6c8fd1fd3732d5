"""Guess all options that read some files of orders."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from rfm_engine.errors import UsageError, cut
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.filters import guess_where
from rfm_engine.guesses.guess import Alternative, Choose, Guess, likeliest
from rfm_engine.guesses.notation import guess_notation
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
from rfm_engine.guesses.rows import Roles, is_unit_price, purchases, repeated_totals
from rfm_engine.guesses.sample import Sample, read_sample
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import GuessedOptions
from rfm_engine.orders.place import require_columns
from rfm_engine.orders.reading import NEWEST, Reading

# The most certain roles first: a column has one role.
_FITS = {
    "time": times, "amount": amounts, "customer": customers, "order": orders,
    "quantity": quantities, "currency": currencies,
}  # fmt: skip
_REQUIRED = ("customer", "time", "amount")
_LISTED_COLUMNS = 20


def guess_options(
    inputs: Sequence[str | os.PathLike[str]],
    typed: Mapping[str, Any],
    choose: Choose = likeliest,
    *,
    can_ask: bool = False,
) -> list[Guess]:
    """Guess the options that read files of orders.

    Parameters
    ----------
    inputs
        Paths, globs, directories or URIs of CSV, Parquet or Arrow IPC files. A sample is read.
    typed
        Options that are known. They are returned first, and not guessed.
    choose
        Called with each doubtful guess; returns the guess that is meant.
    can_ask
        Whether `choose` asks a person, who can also choose among columns that only their values
        speak for.

    Returns
    -------
    list of Guess
        In the order of the declared options, without those that have no value and no alternative.

    Raises
    ------
    UsageError
        An input or a column is missing, or customer, time or amount cannot be guessed.
    DataError
        A file is corrupt or has no known format.
    """
    _check(typed)
    sample = read_sample(inputs, typed)
    given = [Guess(name, _value(value), "given") for name, value in typed.items()]
    decided = [_decided(each, choose) for each in sample.format]
    roles = _guess_roles(sample, typed, choose, can_ask=can_ask)
    found = Roles(**{role: column for role, (column, _) in roles.items()})
    if "currency" not in typed and _misses_currencies(found):
        found = found._replace(currency=None)
        del roles["currency"]
    decided += [guess for _, guess in roles.values()]
    further = guess_notation(sample, found)
    further += [repeated_totals(found), guess_where(sample.columns, found)]
    decided += [
        _decided(guess, choose)
        for guess in further
        if guess is not None and guess.option not in typed
    ]
    kept = {
        each.option: each for each in [*decided, *given] if each.value is not None or each.others
    }
    _check({name: guess.value for name, guess in kept.items() if guess.value is not None})
    return [kept[name] for name in declared(GuessedOptions) if name in kept]


def _check(options: Mapping[str, Any]) -> None:
    """Refuse options that contradict each other, as every command that reads them does."""
    checked: Any = {"as_of": NEWEST, **options}
    Reading(**checked)


def _misses_currencies(roles: Roles) -> bool:
    """Whether some purchases have no currency, which would count as one more currency."""
    if roles.currency is None:
        return False
    named = {row for row, _ in roles.currency.present()}
    return not named.issuperset(purchases(roles))


def _value(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


def _decided(guess: Guess, choose: Choose) -> Guess:
    return choose(guess) if guess.others else guess


def _guess_roles(
    sample: Sample, typed: Mapping[str, Any], choose: Choose, *, can_ask: bool
) -> dict[str, tuple[Column, Guess]]:
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
        if guess is not None:
            guess = _decided(guess, choose)
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
    raise UsageError(
        f"the {_either(missing)} must be recognisable from the names and values of the columns of "
        f"{sample.name}; got {listed}. Name the columns with {_either(flags)}."
    )


def _either(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
