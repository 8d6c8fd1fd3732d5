"""Measure how much customers differ from the customers that a model was fitted to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import log
from typing import NamedTuple

from rfm_engine.errors import UsageError
from rfm_engine.result.model import Model, load_model, shares_of
from rfm_engine.result.summary import ScoredPopulation

# 0 has no logarithm. As usual for this index, an empty share counts as 0.0001.
_LEAST_SHARE = 0.0001


class Drift(NamedTuple):
    """The shares of customers then and now, by score or segment, and the difference between them.

    `psi` is the population stability index: the sum of `(now - then) * ln(now / then)`. A value
    below 0.1 is considered stable, a value above 0.25 a different population.
    """

    what: str
    then: dict[str, float]
    now: dict[str, float]
    psi: float


def drift(model: Model | str | os.PathLike[str], result: ScoredPopulation) -> list[Drift]:
    """Compare a result with the customers that its model was fitted to.

    Parameters
    ----------
    model
        What `load_model` returned, or the path of a model.
    result
        What `score` returned with that model, or its snapshot.

    Raises
    ------
    UsageError
        There is no such model, one side has no customers, or the result was not scored with the
        model.
    """
    if not isinstance(model, Model):
        model = load_model(model)
    check_fitted(model)
    now = shares_of(result)
    if not any(now["segment"].values()):
        raise UsageError(
            "orders must have customers to compare with those of a model; got none. "
            "Check which rows were dropped."
        )
    for what, then in model.shares.items():
        if then.keys() != now[what].keys():
            raise UsageError(
                f"result must be scored with the model it is compared with; got another {what}. "
                "Score with the option model."
            )
    return [
        Drift(what, then, now[what], stability(list(then.values()), [*map(now[what].get, then)]))
        for what, then in model.shares.items()
    ]


def check_fitted(model: Model) -> None:
    """Refuse to compare with a model that was fitted to no customers.

    Raises
    ------
    UsageError
        The model has no shares of customers, so every result would be far from it.
    """
    if not any(model.shares["segment"].values()):
        raise UsageError(
            "model must be fitted to customers to compare others with them; got none. "
            "Fit it to orders that count."
        )


def stability(then: Sequence[float], now: Sequence[float | None]) -> float:
    """Return the population stability index of shares."""
    pairs = [
        (max(before, _LEAST_SHARE), max(after or 0.0, _LEAST_SHARE))
        for before, after in zip(then, now, strict=True)
    ]
    return sum((after - before) * log(after / before) for before, after in pairs)
