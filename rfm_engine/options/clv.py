"""The options of lifetime value: the model, and what it predicts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol, TypedDict

from rfm_engine.options.declaration import Option

Family = Literal["pareto-nbd", "bg-nbd", "mbg-nbd"]

_PANEL = "Lifetime value"
_BY_MODEL = "as the model says, or `{}`"


class FittedClvModel(Protocol):
    """A `rfm_engine.ClvModel`."""

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of repeat purchases."""


class ClvModelOptions(TypedDict, total=False):
    """A saved model of lifetime value."""

    clv_model: Annotated[
        str | os.PathLike[str] | FittedClvModel | None,
        Option(
            "Add the predictions of a model that rfm clv --save-clv-model wrote.",
            "Scoring", None, "FILE.json",
            doc="add the predictions of a model of lifetime value that `rfm clv --save-clv-model` "
            "wrote: `x`, `t_x`, `T`, `zbar` and the "
            "[columns of the model](input-and-output.md#lifetime-value); not with `--window`, a "
            "state or `--customer-level`",
            stated="none",
        ),
    ]  # fmt: skip


class TermOptions(TypedDict, total=False):
    """What is predicted, and how its value is counted."""

    horizon: Annotated[
        str,
        Option(
            "Predict the orders within this many days; default: as the model says, or 90d.",
            _PANEL, "90d", "90d",
            doc="predict the orders within this many days after the date of analysis, 1d to 3650d; "
            "the number of days is in the names of the columns",
            stated=_BY_MODEL.format("90d"),
        ),
    ]  # fmt: skip
    clv_horizon: Annotated[
        str,
        Option(
            "Days that lifetime value covers; default: as the model says, or 365d.",
            _PANEL, "365d", "365d",
            doc="days after the date of analysis that `clv` and `simple_clv` cover, 1d to 3650d",
            stated=_BY_MODEL.format("365d"),
        ),
    ]  # fmt: skip
    margin: Annotated[
        str | int | Decimal,
        Option(
            "Share of the net amount that is earned, above 0 to 1; default: as the model says, "
            "or 1.",
            _PANEL, "1", "SHARE",
            doc="share of the net amount that is earned, above 0 to 1, for example `0.25`; "
            "`clv`, `simple_clv` and `historic_clv` are multiplied by it",
            stated=_BY_MODEL.format("1"),
        ),
    ]  # fmt: skip
    discount_rate: Annotated[
        str | int | Decimal,
        Option(
            "Discount per year on later orders, 0 to 1; default: as the model says, or 0.10.",
            _PANEL, "0.10", "RATE",
            doc="discount per year on later orders in `clv`, 0 to 1: an order in a year is worth "
            "1 / (1 + rate) of an order today",
            stated=_BY_MODEL.format("0.10"),
        ),
    ]  # fmt: skip


class FamilyOptions(TypedDict, total=False):
    """The model of lifetime value that is fitted."""

    family: Annotated[
        Family,
        Option(
            "Model of repeat purchases; default: pareto-nbd.", _PANEL, "pareto-nbd",
            doc="model of repeat purchases: see "
            "[the three models](../explanation/lifetime-value.md#three-models)",
            stated="`pareto-nbd`",
        ),
    ]  # fmt: skip
    shrinkage_sd: Annotated[
        str | int | float | Decimal,
        Option(
            "With --by: how different groups are expected to be.",
            _PANEL, "0.3", "SD",
            doc="with `--by`: standard deviation of the logs of the parameters of groups around "
            "those of all groups together, above 0 to 10; a smaller number pulls small groups "
            "closer to all",
        ),
    ]  # fmt: skip


class ValidationOptions(FamilyOptions, total=False):
    """The model of lifetime value that is validated."""

    clv_model: Annotated[
        str | os.PathLike[str] | FittedClvModel | None,
        Option(
            "Predict with a model that --save-clv-model wrote, without fitting.",
            _PANEL, None, "FILE.json",
            doc="predict with a model that `--save-clv-model` wrote, without fitting; with "
            "`--validate`, it must have been fitted before the days that are predicted",
            stated="none",
        ),
    ]  # fmt: skip

    validate: Annotated[
        str | None,
        Option(
            "Also fit without the last days, and compare what is predicted for them with what "
            "customers did.",
            _PANEL, None, "90d",
            doc="also fit a model without the orders of the last days, predict these days, and "
            "compare the predictions with what customers did: see "
            "[should you trust the model?]"
            "(../how-to/predict-lifetime-value.md#should-you-trust-the-model)",
            stated="none",
        ),
    ]  # fmt: skip


class ClvChoices(ValidationOptions, TermOptions, total=False):
    """The model of lifetime value, what it predicts, and how it is validated."""


def with_days(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return options of `score` with `clv`, if a model of lifetime value needs it."""
    return asked if asked.get("clv_model") is None else {**asked, "clv": True}
