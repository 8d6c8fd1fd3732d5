"""Recognise a state among the inputs to score."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rfm_engine.errors import UsageError
from rfm_engine.state.place import is_state

if TYPE_CHECKING:
    from rfm_engine.state.state import State


def state_of(orders: object) -> State | None:
    """Return the state that `orders` is or that is at its path; None if it is not a state.

    Raises
    ------
    UsageError
        A state is given together with other orders.
    StateError
        The state is damaged or was changed.
    """
    several: list[Any] = [*orders] if isinstance(orders, list | tuple) else [orders]
    if not any(map(_is_one, several)):
        return None
    from rfm_engine.state.state import State

    if len(several) > 1:
        raise UsageError(
            f"a state must be scored alone; got {len(several)} inputs. Ingest the others into it."
        )
    return several[0] if isinstance(several[0], State) else State.open(several[0])


def _is_one(given: object) -> bool:
    if isinstance(given, str | os.PathLike):
        return is_state(given)
    from rfm_engine.state.state import State

    return isinstance(given, State)
