"""Totals that are scored in place of orders: which options they leave open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rfm_engine.errors import UsageError, shown
from rfm_engine.orders.reading import Reading
from rfm_engine.totals.population import Population
from rfm_engine.totals.totals import Totals, population_of

# Options of `score` that are not those of `Reading` and cannot be changed afterwards either.
_OTHERS = {"overall": False, "memory_limit": None, "spill_dir": None}


def given_totals(orders: object, as_of: object) -> Population | None:
    """Return what is scored where it is totals, None where it is orders, which need `as_of`."""
    if isinstance(orders, Totals):
        return population_of(orders)
    if as_of is None:
        raise TypeError("score() missing 1 required keyword-only argument: 'as_of'")
    return None


def refuse_beside_totals(
    population: Population, given: Mapping[str, Any], implied: Mapping[str, Any], who: str
) -> None:
    """Refuse options of reading beside totals, which were built with theirs.

    `given` are options as they were given to `score`; `implied` are those that a scheme or a model
    has, and `who` is its name.

    Raises
    ------
    UsageError
        One is given, or one that is implied is not that of the totals.
    """
    usual: dict[str, Any] = {f.name: f.default for f in fields(Reading) if f.init} | _OTHERS
    # Only None tells that these two were not given: a scheme may decide them.
    usual |= {"as_of": None, "zero": None, "frequency": None}
    named = [name for name, value in given.items() if value != usual[name]]
    if named:
        raise UsageError(
            f"totals must be scored as they were built; got {', '.join(named)} as well. "
            "Leave that out, or build totals with it."
        )
    for name in ("frequency", "zero"):
        built = getattr(population.reading, name)
        if implied.get(name, built) != built:
            raise UsageError(
                f"{name} must be {shown(implied[name])} for {who}; got totals with "
                f"{shown(built)}. Build totals with {name}={implied[name]!r}, or choose another."
            )
