"""The options of customer facts, checked before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, shown
from rfm_engine.options.messages import message, named
from rfm_engine.options.scoring import WHALE_BY
from rfm_engine.scoring.whales import share_of
from rfm_engine.segments.frozen_facts import FrozenFacts
from rfm_engine.segments.scheme import Scheme


class FactPlan(NamedTuple):
    """The options of facts: the share of whales in hundredths of a percent, and their measure.

    `frozen` are the numbers of a frozen scheme; None if they are found. `has_columns` is false if
    only the scheme needs facts.
    """

    share: int
    share_text: str
    by: str
    frozen: FrozenFacts | None = None
    has_columns: bool = True


def plan_facts(settled: Mapping[str, Any], scheme: Scheme) -> FactPlan | None:
    """Return the plan for options of `score`; None if neither they nor the scheme need facts.

    Raises
    ------
    UsageError
        An option contradicts another, or is not valid.
    """
    if not settled["facts"] and not scheme.uses_facts:
        for name in ("whales", "whale_by"):
            if settled[name] is not None:
                raise UsageError(
                    message("{} must be used with {facts}; got it alone. Add {facts}.", named(name))
                )
        return None
    if settled["customer_level"]:
        raise UsageError(
            message(
                "{facts} must not be used with {customer_level}, because totals of customers have "
                "no first order; got both. Give the orders, or leave {facts} out."
            )
        )
    text = "20%" if settled["whales"] is None else settled["whales"]
    by = WHALE_BY[0] if settled["whale_by"] is None else settled["whale_by"]
    frozen = scheme.facts if scheme.uses_facts else None
    if frozen is not None:
        for name in ("whales", "whale_by"):
            if settled[name] is not None:
                raise UsageError(
                    message(
                        "{} must not be given with scheme {}, which contains the limit for whales; "
                        "got it. Leave it out.",
                        named(name),
                        scheme.name,
                    )
                )
        text, by = frozen.whale_share, frozen.whale_by
    if by not in WHALE_BY and settled["attributes"] is None:
        raise UsageError(
            message(
                "{whale_by} must be monetary, orders or a column of {attributes}; got {} without "
                "{attributes}. Give the file that has this column.",
                shown(by),
            )
        )
    return FactPlan(share_of(text), text.strip(), by, frozen, settled["facts"])
