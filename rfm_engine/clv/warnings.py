"""Warnings about a fitted model: why its predictions may be wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from rfm_engine.clv.group_fits import FEWEST_REPEATERS
from rfm_engine.clv.group_ids import Group
from rfm_engine.clv.model import Fitted
from rfm_engine.options.messages import message
from rfm_engine.orders.warnings import DataWarning, listed

_FEW = 100
_UNCERTAIN = 1.0
_CORRELATED = 0.3
_NOBODY_LEAVES = {"s": "lower", "a": "lower", "beta": "upper", "b": "upper"}
_IN_GROUPS = {
    "nobody_leaves": "no customer appears to leave",
    "parameter_at_limit": "the fit ends at a limit of a parameter",
    "infinite_mean": "the mean amount of the model is infinite",
}


def warnings_of(
    fitted: Fitted, groups: Mapping[Group, Fitted | None] | None
) -> tuple[DataWarning, ...]:
    """Return the warnings about the estimates for all customers, and for groups if there are any.

    What is wrong with the estimates of groups is said once, with the number of groups.
    """
    return listed([*_found(fitted), *_about_groups(groups or {})])


def _found(fitted: Fitted) -> Iterator[DataWarning]:
    if fitted.repeaters < _FEW:
        yield DataWarning(
            "few_repeaters",
            f"only {fitted.repeaters:,} of {fitted.customers:,} customers have a repeat day, and a "
            f"model needs {_FEW} or more: its predictions are uncertain. Give a longer history.",
        )
    yield from _about_limits(fitted)
    yield from _about_errors(fitted)
    yield from _about_amounts(fitted)


def _about_groups(groups: Mapping[Group, Fitted | None]) -> Iterator[DataWarning]:
    own = [each for each in groups.values() if each is not None]
    n_small = len(groups) - len(own)
    if n_small:
        yield DataWarning(
            "small_groups",
            f"{n_small:,} of {len(groups):,} groups have fewer than {FEWEST_REPEATERS} customers "
            "with a repeat day: they take the parameters of all groups.",
        )
    codes = Counter(warning.code for each in own for warning in _found(each))
    for code, what in _IN_GROUPS.items():
        if codes[code]:
            yield DataWarning(
                code,
                message(
                    "in {:,} of {:,} groups {}: their predictions are uncertain. A smaller "
                    "{shrinkage_sd} draws them closer to all groups.",
                    codes[code],
                    len(groups),
                    what,
                ),
            )


def _about_limits(fitted: Fitted) -> Iterator[DataWarning]:
    limits = fitted.orders.at_limit | ({} if fitted.value is None else fitted.value.at_limit)
    if any(limits.get(name) == limit for name, limit in _NOBODY_LEAVES.items()):
        yield DataWarning(
            "nobody_leaves",
            "no customer appears to leave: p_alive is about 1 for everybody. The history may be "
            "too short to see who leaves; do not use p_alive to find lost customers.",
        )
    others = [
        f"{name} ({limit} limit)"
        for name, limit in limits.items()
        if _NOBODY_LEAVES.get(name) != limit
    ]
    if others:
        yield DataWarning(
            "parameter_at_limit",
            f"the fit ends at a limit of {', '.join(others)}: the orders do not determine the "
            "model. Look at a validation (rfm clv --validate) before you use its predictions.",
        )


def _about_errors(fitted: Fitted) -> Iterator[DataWarning]:
    value = fitted.value
    errors = fitted.orders.log_errors | ({} if value is None else value.log_errors)
    wide = [name for name, error in errors.items() if error is not None and error > _UNCERTAIN]
    if wide:
        yield DataWarning(
            "uncertain_parameters",
            f"the orders say little about {' and '.join(wide)}: a value more than twice as large "
            "is possible too. Give more customers or a longer history.",
        )


def _about_amounts(fitted: Fitted) -> Iterator[DataWarning]:
    if fitted.value_mean == "days":
        yield DataWarning(
            "few_amounts",
            "fewer than two customers have repeat days with a positive amount: expected_value is "
            "the mean amount of all order days.",
        )
    if fitted.value_mean == "sample":
        yield DataWarning(
            "infinite_mean",
            "amounts differ so much that the mean of the model is infinite (q is at most 1): "
            "customers without repeat days get the mean of the others as expected_value.",
        )
    correlation = fitted.correlation
    if correlation is not None and abs(correlation) > _CORRELATED:
        more, few, many = ("more", "high", "low") if correlation > 0 else ("less", "low", "high")
        yield DataWarning(
            "amounts_depend_on_orders",
            f"customers with more repeat days spend {more} per order day (correlation "
            f"{correlation:.2f}), but the model assumes no connection and pulls all to one mean: "
            f"values of customers with few repeat days are probably too {few}, and of those with "
            f"many a little too {many}.",
        )
