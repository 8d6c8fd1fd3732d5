"""The number of customers that a campaign needs, so that its effect can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rfm_engine.activation.campaign.shares import basis_points, positive, probability
from rfm_engine.activation.split import N_BUCKETS
from rfm_engine.activation.statistics.sample_sizes import Trial, size_for_means, size_for_rates
from rfm_engine.errors import UsageError, shown
from rfm_engine.options.campaign import SizeOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import resolve


class Size(NamedTuple):
    """The number of customers that a campaign needs.

    Attributes
    ----------
    treated, held_out
        Customers of each arm.
    holdout_bp
        The share of the holdout in basis points.
    """

    treated: int
    held_out: int
    holdout_bp: int

    @property
    def customers(self) -> int:
        """Customers of both arms."""
        return self.treated + self.held_out


def planned(options: Mapping[str, Any]) -> Size:
    """Return the size of a campaign; see `SizeOptions`.

    Raises
    ------
    UsageError
        An option is wrong, missing or one too many.
    """
    asked = resolve(SizeOptions, options)
    holdout_bp = basis_points(asked["holdout"])
    if not holdout_bp:
        raise UsageError(
            message("{holdout} must be above 0% to compare customers; got 0%. Hold some out.")
        )
    alpha, power = (probability(asked[name], name) for name in ("alpha", "power"))
    trial = Trial(alpha, power, holdout_bp / (N_BUCKETS - holdout_bp))
    if bool(asked["conversions"]) == (asked["sd"] is not None or asked["difference"] is not None):
        raise UsageError(
            message(
                "size must have either {conversions}, or {sd} and {difference}; got {}. Say what "
                "the campaign may change.",
                "both" if asked["conversions"] else "none",
            )
        )
    if asked["conversions"]:
        arms = size_for_rates(*_rates(asked["conversions"]), trial)
    else:
        for name, other in (("sd", "difference"), ("difference", "sd")):
            if asked[name] is None:
                raise UsageError(
                    message(f"{{{name}}} must be given with {{{other}}}; got none. Add it.")
                )
        sd, difference = (positive(asked[name], name) for name in ("sd", "difference"))
        arms = size_for_means(sd, difference, trial)
    return Size(*arms, holdout_bp)


def _rates(given: Any) -> tuple[float, float]:
    several = given.split(",") if isinstance(given, str) else list(given)
    if len(several) != 2:
        raise UsageError(
            message(
                "{conversions} must be two shares such as 2.5%,2%; got {}. Give the share of "
                "buyers with and without the campaign.",
                shown(given),
            )
        )
    treated, held_out = (probability(each, "conversions") for each in several)
    if treated == held_out:
        raise UsageError(
            message("{conversions} must be two different shares; got {} twice.", shown(several[0]))
        )
    return treated, held_out
