"""The models of repeat purchases: how each is fitted, and how it predicts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from rfm_engine.clv import bg, pareto
from rfm_engine.clv.bg import BgLikelihood
from rfm_engine.clv.bg_forecast import BgForecast
from rfm_engine.clv.forecast import Forecast
from rfm_engine.clv.likelihood import Likelihood
from rfm_engine.clv.newton import Box
from rfm_engine.clv.pareto import ParetoLikelihood
from rfm_engine.clv.pareto_forecast import ParetoForecast


class Family(NamedTuple):
    """A model of repeat purchases.

    Attributes
    ----------
    parameters
        Their names, in the order of all arrays.
    start, box
        Where Newton's method starts, and the limits of the parameters.
    likelihood
        Called with triples, and `threads` as a keyword.
    forecast
        Called with parameters, and `threads` as a keyword.
    """

    parameters: tuple[str, ...]
    start: tuple[float, ...]
    box: Box
    likelihood: Callable[..., Likelihood]
    forecast: Callable[..., Forecast]


FAMILIES = {
    "pareto-nbd": Family(
        pareto.PARAMETERS, pareto.START, pareto.BOX, ParetoLikelihood, ParetoForecast
    ),
    "bg-nbd": Family(
        bg.PARAMETERS, bg.START, bg.BOX,
        partial(BgLikelihood, modified=False), partial(BgForecast, modified=False),
    ),
    "mbg-nbd": Family(
        bg.PARAMETERS, bg.START, bg.BOX,
        partial(BgLikelihood, modified=True), partial(BgForecast, modified=True),
    ),
}  # fmt: skip
