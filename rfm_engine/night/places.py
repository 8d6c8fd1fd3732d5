"""The state and the history of a night: opened, or created in the first night."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rfm_engine.errors import StateError
from rfm_engine.history.history import History
from rfm_engine.history.inputs import options_of_input
from rfm_engine.history.runs import RUNS
from rfm_engine.history.store import is_history
from rfm_engine.night.announced import AnnouncedState
from rfm_engine.night.plan import Plan
from rfm_engine.night.settings import settings
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import StateOptions
from rfm_engine.output import locks
from rfm_engine.state.place import is_state
from rfm_engine.state.state import State


@contextmanager
def opened(plan: Plan) -> Iterator[tuple[AnnouncedState, History]]:
    """Open the state and the history, or create them; lock them against other nights.

    A state that was created and has no orders in the end is deleted again, and so is a history
    without dates, so that options can be corrected after a first night that failed.

    Raises
    ------
    StateError
        One is damaged, another night is running, or the history has dates and there is no state.
    UsageError
        An option of the file is wrong.
    """
    with _state(plan) as state, _history(plan, state) as history, _alone(history):
        with history.store.writing():
            pass  # moves what a writer that was killed has published to its place
        yield state, history


@contextmanager
def _alone(history: History) -> Iterator[None]:
    """Lock the notes of a history, because its steps lock the history themselves."""
    folder = history.path / RUNS
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.locked(folder, "history"))
        except StateError:
            raise StateError(
                f"history {str(history.path)!r} must have one night at a time; got a second one. "
                "Wait until the first has ended, and run this again."
            ) from None
        yield


@contextmanager
def _state(plan: Plan) -> Iterator[AnnouncedState]:
    if is_state(plan.state):
        with AnnouncedState.open(plan.state) as state:
            yield state
        return
    if is_history(plan.history) and History.open(plan.history).dates:
        raise StateError(
            f"state {plan.state!r} must exist, because history {plan.history!r} has dates; got no "
            "state. Restore it from a backup, or create it with rfm state create and ingest all "
            "orders."
        )
    with AnnouncedState.create(plan.state, **settings(plan, "state")) as state:
        try:
            yield state
        finally:
            if State.open(state.path).summary()["newest_day"] is None:
                _discard(state.path)


@contextmanager
def _history(plan: Plan, state: State) -> Iterator[History]:
    if is_history(plan.history):
        yield History.open(plan.history)
        return
    # How orders are read is decided by the state, which may be older than the file.
    of_state = declared(StateOptions)
    own = {name: each for name, each in settings(plan, "history").items() if name not in of_state}
    history = History.create(plan.history, **{**own, **options_of_input(state)})
    try:
        yield history
    finally:
        if not history.dates:
            _discard(history.path)


def _discard(folder: Path) -> None:
    """Delete a folder; another name first, so that a part of it is never taken for the whole."""
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)
