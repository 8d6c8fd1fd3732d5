"""The options of movement between two dates."""

from __future__ import annotations

from typing import Annotated, Literal

from rfm_engine.options.declaration import Option
from rfm_engine.options.insight import PeopleOptions

_PANEL = "Movement"


class MovementOptions(PeopleOptions, total=False):
    """The options of tables of movement; each table has some of them."""

    within: Annotated[
        str | None,
        Option(
            "Retention: also count who ordered within this many days of the first date.",
            _PANEL, None, "90d",
            doc="retention: also count the customers who ordered within this many days of the "
            "first date (`converted`); needs `--rows`",
            stated="none",
        ),
    ]  # fmt: skip

    effects: Annotated[
        Literal["path", "shapley"],
        Option(
            "Effects: one path per customer, or also twice the means over both orders.",
            _PANEL, "path",
            doc="effects: `path` applies time, behaviour and cut points in this order; `shapley` "
            "adds `customer_x2` and `threshold_x2`, which do not depend on an order",
        ),
    ]  # fmt: skip
    span: Annotated[
        str | None,
        Option(
            "Lifecycle, period: length of the first period, which ends with the first date; "
            "default: that of the second one.",
            _PANEL, None, "181d|6mo",
            doc="lifecycle, period: length of the first period, which ends with the first date, in "
            "days or months",
            stated="as long as the second period: in months if both dates are the last days of "
            "months, else in days",
        ),
    ]  # fmt: skip
