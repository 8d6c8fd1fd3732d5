"""Check the options that are given together with totals instead of orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import BuiltOptions
from rfm_engine.options.messages import message
from rfm_engine.totals.population import Population


def refuse_beside_totals(
    population: Population, given: Mapping[str, Any], implied: Mapping[str, Any], who: str
) -> None:
    """Refuse options that decide how totals are built, because the totals already exist.

    `given` are the options of `score`. `implied` are the options of a scheme or a model, and `who`
    is its name.

    Raises
    ------
    UsageError
        Such an option is given, or an implied option differs from that of the totals.
    """
    named = [name for name in given if name not in declared(BuiltOptions)]
    if named:
        raise UsageError(
            f"totals must be scored as they were built; got {', '.join(named)} as well. "
            "Remove this option, or build totals with it."
        )
    if given.get("clv_model") is not None and not population.reading.options["clv"]:
        raise UsageError(
            message(
                "totals must be built with {clv:True} to be used with {clv_model}; got others. "
                "Build them with {clv:True}."
            )
        )
    for name in ("frequency", "zero"):
        built = population.reading.options[name]
        if implied.get(name, built) != built:
            raise UsageError(
                f"{name} must be {shown(implied[name])} for {who}; got totals with {shown(built)}. "
                f"Build totals with {name}={implied[name]!r}, or choose another scheme or model."
            )
