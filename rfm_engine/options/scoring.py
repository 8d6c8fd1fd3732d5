"""The options for scoring customers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, Protocol, TypeAlias, TypedDict

from rfm_engine.options.declaration import Option

CutPoint: TypeAlias = int | str | Decimal
Monetary = Literal["sum", "mean"]
ClvUnit = Literal["D", "W"]

METHODS = (
    "quantile", "quantile-linear", "qcut-drop", "r-rfm", "mean", "reserve-one-timers", "ntile",
    "rank-linear", "nested", "thresholds",
)  # fmt: skip
"""The names of the scoring methods; the first is the default."""

WHALE_BY = ("monetary", "orders")
"""What whales are measured by; the first is the default."""

_PANEL = "Scoring"


class FittedModel(Protocol):
    """A `rfm_engine.Model`."""

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """Shares of the customers that the model was fitted to."""


_BY_SCHEME = "set by the scheme"


class ClvOptions(TypedDict, total=False):
    """Statistics for models of customer lifetime value."""

    clv: Annotated[
        bool,
        Option(
            "For models that predict customer lifetime value: add the number of repeat purchases "
            "(x), the time from the first purchase to the last (t_x) and to --as-of (T), and the "
            "mean amount of repeat purchases (zbar).",
            _PANEL, default=False,
            doc="for models that predict customer lifetime value: add the columns `x` (number of "
            "repeat purchases), `t_x` (time from the first purchase to the last), `T` (time from "
            "the first purchase to the date of analysis) and `zbar` (mean amount of repeat "
            "purchases): [exact meaning]"
            "(../explanation/definitions.md#statistics-for-lifetime-value-models)",
        ),
    ]  # fmt: skip
    clv_unit: Annotated[
        ClvUnit | None,
        Option(
            "With --clv: unit of t_x and T, days (D, default) or weeks (W).", _PANEL,
            doc="with `--clv`: unit of `t_x` and `T`, days or weeks of seven days",
            stated="`D`",
        ),
    ]  # fmt: skip


class OverallOptions(TypedDict, total=False):
    """Scores of all groups together, in addition to scores within groups."""

    overall: Annotated[
        bool,
        Option(
            "With --by: also score all groups together, in rows with a null group.",
            _PANEL, default=False,
            doc="with `--by`: also score all groups together, in rows with a null group; orders "
            "without a group are then refused",
        ),
    ]  # fmt: skip


class CustomerAttributeOptions(TypedDict, total=False):
    """Attributes of customers: columns from a file with one row per customer."""

    attributes: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "File with one row per customer: its columns are added to the output.",
            _PANEL, None, "FILE",
            doc="Parquet, Arrow IPC or CSV with one row per customer, identified by a column with "
            "the name of `--customer`; its other columns are added to the output: see "
            "[attributes of customers](../explanation/customer-facts.md#attributes-of-customers)",
        ),
    ]  # fmt: skip


class FactOptions(TypedDict, total=False):
    """Facts about each customer that follow from all customers."""

    facts: Annotated[
        bool,
        Option(
            "Add facts about each customer: whale, rank by spend, own cycle, due date, timing, "
            "lifecycle stage, weakest score.",
            _PANEL, default=False,
            doc="add [facts about each customer](../explanation/customer-facts.md): the columns "
            "`is_whale`, `spend_rank`, `spend_pctl`, `gap_us`, `own_us`, `due_date`, `timing`, "
            "`lifecycle_stage` and `weak_axis`; with `--by` within each group",
        ),
    ]  # fmt: skip
    whales: Annotated[
        str | None,
        Option(
            "With --facts: share of the customers who are whales; default: 20%.",
            _PANEL, None, "PERCENT",
            doc="with `--facts` or a scheme that uses `is_whale`: the customers with the highest "
            "value who are whales, as a share "
            "of all customers such as `20%` or `0.5%`; customers with the same value as the last "
            "of them are whales too",
            stated="`20%`",
        ),
    ]  # fmt: skip
    whale_by: Annotated[
        str | None,
        Option(
            "With --facts: value by which customers are whales, monetary (default), orders or an "
            "attribute.",
            _PANEL, None, "monetary|orders|COL",
            doc="with `--facts` or a scheme that uses `is_whale`: the value by which customers are "
            "whales: the net amount, the "
            "number of orders (or days), or a column of `--attributes` with integers or decimals, "
            "of which null counts as 0",
            stated="`monetary`",
        ),
    ]  # fmt: skip


class CutOptions(TypedDict, total=False):
    """Methods, cut points and segments."""

    method: Annotated[
        str | Sequence[str] | None,
        Option(
            "Scoring method: one for all axes, or three for R,F,M; default: set by the scheme.",
            _PANEL, None, "M|M,M,M",
            doc="one for all axes or three for R,F,M: [methods](../explanation/methods.md) "
            "`quantile`, `quantile-linear`, `qcut-drop`, `rank-linear`, `r-rfm`, `ntile`, `mean`, "
            "`reserve-one-timers`, `nested`, `thresholds`",
            stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    bins: Annotated[
        int | Sequence[int] | None,
        Option(
            "Number of bins: one for all axes, or three for R,F,M; default: set by the scheme.",
            _PANEL, None, "N|N,N,N",
            doc="number of bins, 2 to 100: one for all axes or three for R,F,M", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    r_cuts: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Cut points of recency in days, ascending.", _PANEL, None, "a,b,c",
            doc="cut points of recency in days, ascending", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    f_cuts: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Cut points of frequency in orders (or days), ascending.", _PANEL, None, "a,b,c",
            doc="cut points of frequency in orders (or days), ascending", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    m_cuts: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Cut points of monetary value in major units, ascending.", _PANEL, None, "a,b,c",
            doc="cut points of monetary value in major units, ascending", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    monetary: Annotated[
        Monetary | None,
        Option(
            "Score m by the sum or the mean of amounts; default: set by the scheme, or sum.",
            _PANEL,
            doc="score m by the net sum, or by its mean per order (or day); the column "
            "`monetary` is always the sum",
            stated="set by the scheme, or `sum`",
        ),
    ]  # fmt: skip
    weights: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Add the column rfm_value, the sum of the scores r, f, m with these weights.",
            _PANEL, None, "a,b,c",
            doc="add the column `rfm_value`, the sum of the scores r, f, m with these weights; at "
            "most 18 digits before and 50 after the decimal point",
        ),
    ]  # fmt: skip
    scheme: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Segment scheme: a name from `rfm schemes list` or a file; default: classic.",
            _PANEL, None, "NAME|FILE.toml",
            doc="a scheme of `rfm schemes list`, or [your own](../how-to/your-own-scheme.md)",
            stated="`classic`",
        ),
    ]  # fmt: skip
    model: Annotated[
        str | os.PathLike[str] | FittedModel | None,
        Option(
            "Score with a model file that --save-model wrote.", _PANEL, None, "FILE.json",
            doc="score with a saved model, unchanged; method, bins, cut points, monetary, weights, "
            "frequency, zero and scheme must not be given, because the model contains them",
        ),
    ]  # fmt: skip


class ScoringOptions(FactOptions, CutOptions, total=False):
    """Facts, methods, cut points and segments."""
