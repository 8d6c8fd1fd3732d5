"""What a report is made from: a result, a snapshot or a history."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, path_text, shown
from rfm_engine.history.history import History
from rfm_engine.history.store import is_history
from rfm_engine.options.messages import message
from rfm_engine.output import write_groups
from rfm_engine.query.connection import require_duckdb
from rfm_engine.reporting.document.sources import Sources
from rfm_engine.result.result import Result
from rfm_engine.result.snapshot import Snapshot, read_snapshot


class HistoryAt(NamedTuple):
    """A history as it was at one of its dates: later dates do not count."""

    history: History
    day: date


Given = Result | Snapshot | History | HistoryAt | str | os.PathLike[str]


@contextmanager
def sources_of(
    what: Given,
    before: Given | None,
    rows: object,
    insight: str | os.PathLike[str] | None,
    options: Mapping[str, Any],
) -> Iterator[Sources]:
    """Yield what a report is made from; results are written to a temporary file.

    A history gives its newest snapshot, and the one before it if `before` is not given.

    Raises
    ------
    UsageError
        An input does not exist, or is not what it should be.
    """
    if before is not None or rows is not None:
        require_duckdb("rfm report with an earlier snapshot or rows")
    history = _history(what)
    with tempfile.TemporaryDirectory(prefix="rfm-report-") as folder:
        if history is not None:
            require_duckdb("rfm report of a history")
            snapshot, earlier = _snapshots(history, _day(what, history))
        else:
            snapshot, earlier = _snapshot(what, Path(folder) / "customers.parquet"), None
        if before is not None:
            earlier = _snapshot(before, Path(folder) / "before.parquet")
        tables = None if insight is None else _folder(insight)
        yield Sources(snapshot, earlier, history, rows, tables, options)


def _history(what: Given) -> History | None:
    if isinstance(what, History):
        return what
    if isinstance(what, HistoryAt):
        return what.history
    if isinstance(what, str | os.PathLike) and is_history(what):
        return History.open(what)
    return None


def _day(what: Given, history: History) -> date:
    """Return the date of a report about a history."""
    if isinstance(what, HistoryAt):
        return what.day
    dates = history.dates
    if not dates:
        raise UsageError(
            f"history {str(history.path)!r} must have a date; got none. Add one with rfm history "
            "add."
        )
    return dates[-1]


def _snapshots(history: History, day: date) -> tuple[Snapshot, Snapshot | None]:
    """Return the snapshots of a date and of the one before; None if it is the first."""
    before = [each for each in history.dates if each < day]
    return history.snapshot(day), history.snapshot(before[-1]) if before else None


def _snapshot(what: Given, file: Path) -> Snapshot:
    if isinstance(what, Snapshot):
        return what
    if isinstance(what, Result):
        write_groups(what.pieces(), what.schema, file, threads=what.options["threads"])
        return read_snapshot(file)
    if isinstance(what, str | os.PathLike):
        return read_snapshot(path_text("snapshot", what))
    raise UsageError(
        f"report must be about a result, a snapshot, a history or a path; got {shown(what)}. "
        "Score the orders first."
    )


def _folder(insight: str | os.PathLike[str]) -> Path:
    folder = Path(insight)
    if not folder.is_dir():
        raise UsageError(
            message(
                "{} must be a folder of tables; got {!r}. Write them with rfm insight all -o DIR.",
                "--insight", str(folder),
            )
        )  # fmt: skip
    return folder
