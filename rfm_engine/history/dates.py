"""Read a history: its options, its dates, and the snapshot of each date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rfm_engine.errors import DataError, StateError, UsageError
from rfm_engine.history.about import about_of
from rfm_engine.history.adding import dates_in
from rfm_engine.history.carried import CUSTOMERS
from rfm_engine.history.contract import refuse_typed
from rfm_engine.history.store import Store, unit_of
from rfm_engine.history.verification import faults
from rfm_engine.options.messages import message
from rfm_engine.orders.reading import as_date
from rfm_engine.result.snapshot import Snapshot, read_snapshot


class Dates:
    """The reading part of `History`.

    Attributes
    ----------
    store
        The folder.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._about = about_of(store)

    @property
    def path(self) -> Path:
        """The folder of the history."""
        return self.store.folder

    @property
    def options(self) -> dict[str, Any]:
        """The options of `score` that were given when the history was created."""
        return dict(self._about.options)

    @property
    def frozen(self) -> bool:
        """Whether all snapshots are scored with one model."""
        return self._about.frozen

    @property
    def first_row(self) -> date | None:
        """The day of the first order of all snapshots; None without customers."""
        return about_of(self.store).first_row

    @property
    def dates(self) -> list[date]:
        """The dates of analysis, ascending."""
        return dates_in(self.store)

    def snapshot(self, as_of: date | str) -> Snapshot:
        """Return the snapshot of a date, with the columns of `score` and the carried columns.

        Raises
        ------
        UsageError
            The history does not have this date.
        StateError
            The snapshot is damaged.
        """
        day, dates = as_date(as_of), self.dates
        refuse_unknown(day, dates, self.path)
        file = self.store.place(unit_of(day)) / CUSTOMERS
        try:
            return read_snapshot(file)
        except (UsageError, DataError):
            raise StateError(
                message(
                    "history {!r} must have an undamaged snapshot of {}; got a damaged or missing "
                    "file {!r}. Run rfm history verify, and add this date again with {replace}.",
                    str(self.path), day, str(file),
                )
            ) from None  # fmt: skip

    def summary(self, as_of: date | str) -> dict[str, Any]:
        """Return what `rfm score --json` printed for a date, and the digest of its content."""
        return self.store.summary(unit_of(as_date(as_of)))

    def overview(self) -> dict[str, Any]:
        """Return the options and the summaries of all dates, in values that JSON supports."""
        keys = ("as_of", "customers", "new", "changed", "left", "segments")
        summaries = [self.summary(day) for day in self.dates]
        first_row = self.first_row
        return {
            "path": str(self.path),
            "options": self.options,
            "scheme": self.options.get("scheme") or "classic",
            "frozen": self.frozen,
            "first_row": None if first_row is None else first_row.isoformat(),
            "dates": [{key: summary[key] for key in keys} for summary in summaries],
            "ignored": self.store.without_summary(),
        }

    def refuse_typed(self, typed: Mapping[str, Any]) -> None:
        """Refuse options of columns and reading that differ from those of the history.

        Raises
        ------
        StateError
            An option differs.
        """
        refuse_typed(self.path, self.options, self._about.agreed, typed)

    def verify(self) -> list[str]:
        """Read all files; return one line per file or snapshot that is damaged or not in order."""
        return faults(self.store, self._about)


def refuse_unknown(day: date, dates: Sequence[date], place: Path) -> None:
    """Refuse a date that a history does not have.

    Raises
    ------
    UsageError
        It has other dates; the message names the nearest ones.
    """
    if day in dates:
        return
    near = sorted(sorted(dates, key=lambda each: abs((each - day).days))[:3])
    got = f"{len(dates)} dates, the nearest {', '.join(map(str, near))}" if dates else "no dates"
    raise UsageError(f"history {str(place)!r} must have the date {day}; got {got}.")
