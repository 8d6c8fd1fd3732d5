"""Totals that are scored in place of orders: which options they leave open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import BuiltOptions
from rfm_engine.totals.population import Population


def refuse_beside_totals(
    population: Population, given: Mapping[str, Any], implied: Mapping[str, Any], who: str
) -> None:
    """Refuse options beside totals that decided how these were built.

    `given` are the options given to `score`; `implied` are those that a scheme or a model has, and
    `who` is its name.

    Raises
    ------
    UsageError
        One is given, or one that is implied is not that of the totals.
    """
    named = [name for name in given if name not in declared(BuiltOptions)]
    if named:
        raise UsageError(
            f"totals must be scored as they were built; got {', '.join(named)} as well. "
            "Leave that out, or build totals with it."
        )
    for name in ("frequency", "zero"):
        built = population.reading.options[name]
        if implied.get(name, built) != built:
            raise UsageError(
                f"{name} must be {shown(implied[name])} for {who}; got totals with "
                f"{shown(built)}. Build totals with {name}={implied[name]!r}, or choose another."
            )
