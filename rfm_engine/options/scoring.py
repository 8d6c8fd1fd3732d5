"""The options of how customers are scored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, Protocol, TypeAlias, TypedDict

from rfm_engine.options.declaration import Option

CutPoint: TypeAlias = int | str | Decimal
Monetary = Literal["sum", "mean"]
ClvUnit = Literal["D", "W"]

_PANEL = "Scoring"


class FittedModel(Protocol):
    """A `rfm_engine.Model`."""

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """Shares of the customers that it was fitted to."""


_BY_SCHEME = "that of the scheme"


class ClvOptions(TypedDict, total=False):
    """The statistics that models of customer lifetime value take."""

    clv: Annotated[
        bool,
        Option(
            "Add x, t_x, T and zbar, for models of customer lifetime value.", _PANEL, default=False,
            doc="add `x`, `t_x`, `T`, `zbar` for models of customer lifetime value: "
            "[meaning](../explanation/definitions.md#statistics-for-lifetime-value-models)",
        ),
    ]  # fmt: skip
    clv_unit: Annotated[
        ClvUnit | None,
        Option(
            "Unit of t_x and T: days (default) or weeks.", _PANEL,
            doc="with `--clv`: `t_x` and `T` in days, or in weeks of seven days",
            stated="`D`",
        ),
    ]  # fmt: skip


class OverallOptions(TypedDict, total=False):
    """Customers of all groups beside those within groups."""

    overall: Annotated[
        bool,
        Option(
            "With --by: all groups together as well, under a null group.", _PANEL, default=False,
            doc="with `--by`: also all groups together, in rows whose group is null; orders "
            "without a group are then refused",
        ),
    ]  # fmt: skip


class ScoringOptions(TypedDict, total=False):
    """Methods, cut points, segments."""

    method: Annotated[
        str | Sequence[str] | None,
        Option(
            "How scores are cut, or one for each of R,F,M.", _PANEL, None, "M|M,M,M",
            doc="for all axes or for R,F,M: [methods](../explanation/methods.md) `quantile`, "
            "`quantile-linear`, `qcut-drop`, `rank-linear`, `r-rfm`, `ntile`, `mean`, "
            "`reserve-one-timers`, `nested`, `thresholds`",
            stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    bins: Annotated[
        int | Sequence[int] | None,
        Option(
            "Scores run from 1 to this.", _PANEL, None, "N|N,N,N",
            doc="2 to 100 bins, for all axes or for R,F,M", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    r_cuts: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Thresholds in days, ascending.", _PANEL, None, "a,b,c",
            doc="ascending thresholds in days", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    f_cuts: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Thresholds in orders, ascending.", _PANEL, None, "a,b,c",
            doc="ascending thresholds in orders", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    m_cuts: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Thresholds in money, ascending.", _PANEL, None, "a,b,c",
            doc="ascending thresholds in money, major units", stated=_BY_SCHEME,
        ),
    ]  # fmt: skip
    monetary: Annotated[
        Monetary | None,
        Option(
            "What the m score is cut on; default: that of the scheme, or sum.", _PANEL,
            doc="what the m score is cut on: the net sum, or its mean by order (or day); the "
            "column `monetary` is the sum in any case",
            stated="that of the scheme, or `sum`",
        ),
    ]  # fmt: skip
    weights: Annotated[
        Sequence[CutPoint] | None,
        Option(
            "Add rfm_value, the weighted sum of the scores.", _PANEL, None, "a,b,c",
            doc="add `rfm_value`, the weighted sum of the scores r, f, m; at most 18 digits before "
            "the point and 50 behind it",
        ),
    ]  # fmt: skip
    scheme: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Segments: a shipped scheme or a file; default: classic.", _PANEL, None,
            "NAME|FILE.toml",
            doc="one of `rfm schemes list`, or [your own](../how-to/your-own-scheme.md)",
            stated="`classic`",
        ),
    ]  # fmt: skip
    model: Annotated[
        str | os.PathLike[str] | FittedModel | None,
        Option(
            "Score by a model that --save-model wrote.", _PANEL, None, "FILE.json",
            doc="score by a model as it is; without method, bins, cut points, monetary, weights, "
            "frequency, zero and scheme, which it holds",
        ),
    ]  # fmt: skip
