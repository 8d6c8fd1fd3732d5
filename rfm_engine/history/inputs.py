"""What is added to a history: orders, a state or a snapshot, and the options it comes with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rfm_engine.errors import UsageError
from rfm_engine.history.carried import CUSTOMERS
from rfm_engine.history.store import SUMMARY, is_history
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import HistoryOptions
from rfm_engine.options.messages import message
from rfm_engine.result.snapshot import Snapshot, snapshot_of
from rfm_engine.state.inputs import state_of
from rfm_engine.state.options import DEFAULTS

# Options that do not describe the customers of a snapshot, or are in other options of it.
_LEFT_OUT = ("attributes", "model", "facts", "rates", "currency")


def given_snapshot(orders: object) -> Snapshot | None:
    """Return the snapshot that is given, as an object or as a path; None for other inputs."""
    return orders if isinstance(orders, Snapshot) else snapshot_of(orders)


def refuse_history(orders: object) -> None:
    """Refuse a history, and the folder of one of its dates, as input.

    Raises
    ------
    UsageError
        It is one of these; the message says what to give.
    """
    several = orders if isinstance(orders, list | tuple) else [orders]
    for each in several:
        if not isinstance(each, str | os.PathLike):
            continue
        folder = Path(each)
        is_date = (folder / SUMMARY).is_file() and (folder / CUSTOMERS).is_file()
        if is_date or is_history(folder):
            what, inside = ("a date of a history", "") if is_date else ("a history", "as_of=DATE/")
            raise UsageError(
                f"input must be orders, a state or a snapshot; got {what}, {str(folder)!r}. Give "
                f"the file of a date, {inside}{CUSTOMERS}."
            )


def options_of_input(orders: object) -> dict[str, Any]:
    """Return the options that a state or a snapshot brings with it; none for orders.

    Raises
    ------
    UsageError
        A snapshot was scored with a model.
    """
    state = state_of(orders)
    if state is not None:
        return {name: each for name, each in state.options.items() if each != DEFAULTS[name]}
    snapshot = given_snapshot(orders)
    if snapshot is None:
        return {}
    if snapshot.options["model"] is not None:
        raise UsageError(
            message(
                "a history of snapshots that were scored with a model must be created first, with "
                "{frozen}; got snapshot {!r} and no history. Create it with this model.",
                str(snapshot.path),
            )
        )
    names = [name for name in declared(HistoryOptions) if name not in _LEFT_OUT]
    found = {name: snapshot.options[name] for name in names if name in snapshot.options}
    return found | {"weights": snapshot.weights}
