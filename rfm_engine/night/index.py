"""The list of the reports of all nights, `index.html`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from rfm_engine.history.history import History
from rfm_engine.history.store import unit_of
from rfm_engine.output import atomic
from rfm_engine.reporting.direction import without_marks
from rfm_engine.reporting.document.history import history_of
from rfm_engine.reporting.language import language_of
from rfm_engine.reporting.logo import data_uri
from rfm_engine.reporting.page.index import Entry, index_of

PAGE, INDEX = "report.html", "index.html"
"""The names of the report of a date, and of the list."""


def entries_of(out: Path, history: History, min_cell: int) -> list[Entry]:
    """Return the nights that have a report, the newest first.

    Counts below `min_cell` are not shown. A date that the history does not have any more has no
    numbers.
    """
    found = history_of(history, most=len(history.dates))
    days, counts = map(date.fromisoformat, found["dates"]), found["customers"]
    known = {day: n for day, n in zip(days, counts, strict=True) if n == 0 or n >= min_cell}
    earlier = {day: known.get(before) for before, day in pairwise(history.dates)}
    entries = []
    for day in sorted(_days(out), reverse=True):
        customers, then = known.get(day), earlier.get(day)
        change = None if customers is None or then is None else customers - then
        entries.append(Entry(day, f"{unit_of(day)}/{PAGE}", customers, change))
    return entries


def write_index(target: Path, entries: Iterable[Entry], options: Mapping[str, Any]) -> None:
    """Replace the list; `options` are those of the reports, which say its title and language."""
    atomic.discard_left_beside(target.resolve(), lambda name: name == INDEX)
    logo = None if options["logo"] is None else data_uri(options["logo"])
    title = without_marks(options["title"])
    text = index_of(entries, language_of(options["language"]), title, logo)
    with atomic.file(target.resolve()) as temporary:
        temporary.write_text(text, "utf-8")


def _days(out: Path) -> Iterator[date]:
    """Yield the dates of the folders with a report; other folders are of the user."""
    for page in out.glob(f"{unit_of('*')}/{PAGE}"):
        name = page.parent.name
        try:
            day = date.fromisoformat(name.removeprefix(unit_of("")))
        except ValueError:
            continue
        if name == unit_of(day):
            yield day
