"""Find what in a file of membership tiers has no effect or is probably a mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from rfm_engine.movement.tier_files import TierProgram
from rfm_engine.segments.linter import Finding


def findings(program: TierProgram) -> Iterator[Finding]:
    """Yield notes about tiers; errors are refused when the file is read."""
    tiers = program.tiers
    if len(tiers) == 1:
        yield Finding(f"tier {tiers[0].name!r} is the only one, so that no customer ever moves")
    by_folded: Mapping[str, str] = {}
    for tier in tiers:
        folded = tier.name.casefold()
        if folded in by_folded:
            yield Finding(f"tiers {by_folded[folded]!r} and {tier.name!r} differ only in case")
        by_folded = {**by_folded, folded: tier.name}
    for tier in tiers[1:]:
        if tier.grace_months >= tier.valid_months:
            yield Finding(
                f"tier {tier.name!r} is kept for {_months(tier.grace_months)} of grace, not less "
                f"than the {_months(tier.valid_months)} for which it is valid"
            )
    for lower, tier in pairwise(tiers):
        if tier.valid_months < lower.valid_months:
            yield Finding(
                f"tier {tier.name!r} is valid for {_months(tier.valid_months)}, less than the "
                f"lower tier {lower.name!r} with {lower.valid_months}"
            )
    if any(tier.soft_landing for tier in tiers) and not any(t.soft_landing for t in tiers[2:]):
        yield Finding(
            "soft_landing has no effect: only customers of the third tier or a higher one can fall "
            "by more than one tier"
        )


def _months(number: int) -> str:
    return "1 month" if number == 1 else f"{number:,} months"
