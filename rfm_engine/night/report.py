"""The step of a night that people read: the report of its date, and the list of all reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from rfm_engine.history.history import History
from rfm_engine.history.store import unit_of
from rfm_engine.night.plan import Plan
from rfm_engine.night.report_options import report_options
from rfm_engine.night.work import Outcome, Work
from rfm_engine.options.groups import ReportOptions
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.output import atomic
from rfm_engine.reporting.document.history import history_of
from rfm_engine.reporting.drawing.rendering import REQUIRED, has_vl_convert
from rfm_engine.reporting.inputs import HistoryAt
from rfm_engine.reporting.language import language_of
from rfm_engine.reporting.logo import data_uri
from rfm_engine.reporting.page.index import Entry, index_of
from rfm_engine.reporting.page.shell import is_page
from rfm_engine.reporting.report import report

PAGE, INDEX = "report.html", "index.html"
_FOREIGN = (
    "{!r} is no page of rfm run and stays as it is, so that the reports are not listed; rename it"
)


def skipped_report(plan: Plan) -> str | None:
    """Return why a night writes no report; None if it does."""
    if not plan.report:
        return "report = false in [run]"
    return None if has_vl_convert() else f"no vl-convert; run pip install '{REQUIRED}'"


def do_report(work: Work) -> Outcome:
    """Write the report of the date, from the history up to it, and the list of all reports."""
    given = report_options(work.plan)
    page = work.folder / PAGE
    report(HistoryAt(work.history, work.day), **{**given, **work.running}).save(page)
    index = work.plan.out / INDEX
    if index.exists() and not is_page(index):
        warning = DataWarning("index", _FOREIGN.format(str(index)))
        return Outcome({"nights": None, "file": str(page), "index": None}, (warning,))
    options = resolve(ReportOptions, given)
    entries = [*_entries(work.plan.out, work.history, options["min_cell"])]
    _write_index(index, entries, options)
    return Outcome({"nights": len(entries), "file": str(page), "index": str(index)})


def _write_index(target: Path, entries: list[Entry], options: dict[str, Any]) -> None:
    """Replace the list; it has the title, the language and the logo of the reports."""
    atomic.discard_left_beside(target.resolve(), lambda name: name == INDEX)
    logo = None if options["logo"] is None else data_uri(options["logo"])
    text = index_of(entries, language_of(options["language"]), options["title"], logo)
    with atomic.file(target.resolve()) as temporary:
        temporary.write_text(text, "utf-8")


def _entries(out: Path, history: History, min_cell: int) -> Iterator[Entry]:
    """Yield the nights that have a report, the newest first; counts below `min_cell` are hidden.

    A date that the history does not have any more has no numbers.
    """
    found = history_of(history, most=len(history.dates))
    days, counts = map(date.fromisoformat, found["dates"]), found["customers"]
    known = {day: n for day, n in zip(days, counts, strict=True) if n == 0 or n >= min_cell}
    earlier = {day: known.get(before) for before, day in pairwise(history.dates)}
    for day in sorted(_days(out), reverse=True):
        customers, then = known.get(day), earlier.get(day)
        change = None if customers is None or then is None else customers - then
        yield Entry(day, f"{unit_of(day)}/{PAGE}", customers, change)


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
