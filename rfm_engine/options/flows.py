"""The options of flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Flows"


class FlowChoices(TypedDict, total=False):
    """How many messages customers get, and who gets none."""

    caps: Annotated[
        str | Sequence[str],
        Option(
            "Most messages of flows per customer, such as '1 per 3d'; repeatable; default: 1 per "
            "3d and 4 per 30d.",
            _PANEL, ("1 per 3d", "4 per 30d"), "N per Dd", repeatable=True,
            doc="most messages of flows per customer: N in D days, this date included; repeatable: "
            "all must hold. Held-out customers get no message",
            stated="`1 per 3d` and `4 per 30d`",
        ),
    ]  # fmt: skip
    exempt_priority: Annotated[
        int,
        Option(
            "Flows with at most this priority are sent even if the caps are reached.",
            _PANEL, 10, "N",
            doc="flows with at most this priority are sent even if the caps are reached; their "
            "messages count for other flows",
        ),
    ]  # fmt: skip
    control_bp: Annotated[
        int,
        Option(
            "Share of customers that no flow contacts, in basis points (100 are 1%).",
            _PANEL, 0, "N",
            doc="the global control group: the share of customers that no flow contacts, in basis "
            "points (100 are 1%), at most 5,000",
        ),
    ]  # fmt: skip
