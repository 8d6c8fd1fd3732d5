"""Which of what is given to be scored is a state."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rfm_engine.errors import UsageError
from rfm_engine.state.manifest import MANIFEST
from rfm_engine.state.state import State

_SCHEME = "file://"


def state_of(orders: object) -> State | None:
    """Return the state that orders are, or that their path leads to; None where they are no state.

    Raises
    ------
    UsageError
        A state is given together with other orders.
    StateError
        It is corrupt.
    """
    if isinstance(orders, State):
        return orders
    several: list[Any] = [*orders] if isinstance(orders, list | tuple) else [orders]
    states = [each for each in several if isinstance(each, State) or _is_state(each)]
    if states and len(several) > 1:
        raise UsageError(
            f"a state must be scored alone; got {len(several)} inputs. Ingest the others into it."
        )
    if not states:
        return None
    return states[0] if isinstance(states[0], State) else State.open(states[0])


def _is_state(given: object) -> bool:
    """Whether a path, or a local URI (which is refused later), is a folder with a manifest."""
    if not isinstance(given, str | os.PathLike):
        return False
    place = given
    if isinstance(given, str) and given.startswith(_SCHEME):
        place = unquote(given.removeprefix(_SCHEME))
    try:
        paths = list(Path(place).iterdir())
    except (OSError, ValueError):
        return False
    return any(MANIFEST.fullmatch(path.name) for path in paths)
