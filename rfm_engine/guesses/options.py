"""Guess all options that read some files of orders."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from rfm_engine.errors import UsageError
from rfm_engine.guesses.assignment import assign_roles, check_roles
from rfm_engine.guesses.filters import guess_where
from rfm_engine.guesses.guess import Choose, Guess, decided, likeliest
from rfm_engine.guesses.notation import guess_notation
from rfm_engine.guesses.rows import Roles, purchases, repeated_totals
from rfm_engine.guesses.sample import Sample, read_sample
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import GuessedOptions
from rfm_engine.orders.place import named_by_role, require_columns
from rfm_engine.orders.reading import NEWEST, Reading

_GIVEN = "given on the command line"


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
        Whether `choose` asks a person, who can also choose among columns whose names say nothing.

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
    sample = read_sample(inputs, typed)
    if sample.n_rows == 0 and sample.columns:
        raise UsageError(
            f"{sample.name} must have rows, because options are guessed from their values; got "
            "only the names of the columns. Export it again with the orders."
        )
    if can_ask:
        check_roles(sample, typed)
    given = [Guess(name, _value(value), _GIVEN) for name, value in typed.items()]
    guesses = [decided(each, choose) for each in sample.format]
    assigned = assign_roles(sample, typed, choose, can_ask=can_ask)
    roles = Roles(**assigned.columns)
    guesses += assigned.guesses
    if "currency" not in typed and _misses_currencies(roles):
        roles = roles._replace(currency=None)
        guesses = [each for each in guesses if each.option != "currency"]
    guesses += guess_notation(sample, roles, typed, choose)
    guesses += [
        decided(guess, choose)
        for guess in (repeated_totals(roles), guess_where(sample.columns, roles, typed))
        if guess is not None and guess.option not in typed
    ]
    kept = {
        each.option: each for each in [*guesses, *given] if each.value is not None or each.others
    }
    _check(sample, {name: guess.value for name, guess in kept.items() if guess.value is not None})
    return [kept[name] for name in declared(GuessedOptions) if name in kept]


def _check(sample: Sample, options: Mapping[str, Any]) -> None:
    """Refuse options that contradict each other, and missing columns, as all commands do."""
    checked: Any = {"as_of": NEWEST, **options}
    reading = Reading(**checked)
    with named_by_role(reading.roles):
        require_columns([each.name for each in sample.columns], reading.columns, sample.name)


def _misses_currencies(roles: Roles) -> bool:
    """Whether some purchases have no currency, which would count as one more currency."""
    if roles.currency is None:
        return False
    named = {row for row, _ in roles.currency.present()}
    return not named.issuperset(purchases(roles))


def _value(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given
