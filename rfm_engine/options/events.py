"""The options of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Movement"


class EventChoices(TypedDict, total=False):
    """Which events are found."""

    types: Annotated[
        str | Sequence[str],
        Option(
            "Types of events, for example second_order,lapsed; default: all that the history can "
            "have.",
            _PANEL, (), "TYPE[,TYPE]", flag="--type",
            doc="[types of events](events.md#types), with commas between them",
            stated="all types that the history can have",
        ),
    ]  # fmt: skip
    nth: Annotated[
        Sequence[int],
        Option(
            "Numbers of orders that are events of type nth_order; default: 5,10,25,50,100.",
            _PANEL, (5, 10, 25, 50, 100), "N[,N]",
            doc="numbers of orders, from 3, that are events of the type `nth_order`",
            stated="`5,10,25,50,100`",
        ),
    ]  # fmt: skip
    birthday: Annotated[
        str | None,
        Option(
            "Attribute with the dates of birth, for events of type birthday_soon.",
            _PANEL, None, "COL",
            doc="attribute (`--attributes`) with the dates of birth, for events of the type "
            "`birthday_soon`",
            stated="none",
        ),
    ]  # fmt: skip
