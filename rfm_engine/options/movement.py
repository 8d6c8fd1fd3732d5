"""The options of movement between two dates."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Movement"


class MovementOptions(TypedDict, total=False):
    """The options of tables of movement; each table has some of them."""

    effects: Annotated[
        Literal["path", "shapley"],
        Option(
            "Effects: one path per customer, or also twice the means over both orders.",
            _PANEL, "path",
            doc="effects: `path` applies time, behaviour and cut points in this order; `shapley` "
            "adds `customer_x2` and `threshold_x2`, which do not depend on an order",
        ),
    ]  # fmt: skip
