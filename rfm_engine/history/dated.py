"""What the parts of a history need of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Protocol

from rfm_engine.history.store import Store
from rfm_engine.result.snapshot import Snapshot


class Dated(Protocol):
    """Snapshots by date in a folder."""

    store: Store

    @property
    def path(self) -> Path:
        """The folder."""

    @property
    def options(self) -> dict[str, Any]:
        """The options of `score`."""

    @property
    def first_row(self) -> date | None:
        """The day of the first order."""

    @property
    def dates(self) -> list[date]:
        """The dates, ascending."""

    def snapshot(self, as_of: date | str) -> Snapshot:
        """Return the snapshot of a date."""

    def summary(self, as_of: date | str) -> dict[str, Any]:
        """Return the summary of a date."""
