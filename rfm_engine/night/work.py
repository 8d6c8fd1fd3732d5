"""What the steps of a date get, and what they return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from rfm_engine.history.history import History
from rfm_engine.night.plan import Plan
from rfm_engine.night.settings import settings
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.state.state import State
from rfm_engine.totals.aggregation import Report


@dataclass(frozen=True)
class Work:
    """What the steps of a date need.

    Attributes
    ----------
    plan
        The config file.
    state, history
        They are open.
    day
        The date.
    running
        Options of the machine, such as `threads`.
    progress
        As for `rfm_engine.score`.
    """

    plan: Plan
    state: State
    history: History
    day: date
    running: Mapping[str, Any]
    progress: Report | None

    @property
    def folder(self) -> Path:
        """The folder of the files of the date."""
        return self.plan.out / f"as_of={self.day}"

    def options(self, command: str) -> dict[str, Any]:
        """Return the options of a step, with those of the machine."""
        return {**settings(self.plan, command), **self.running}


class Outcome(NamedTuple):
    """What a step did, in values that JSON supports, and its warnings."""

    about: dict[str, Any]
    warnings: tuple[DataWarning, ...] = ()
