"""The step of a night that people read: the report of its date, and the list of all reports."""

from __future__ import annotations

from rfm_engine.night.index import INDEX, PAGE, entries_of, write_index
from rfm_engine.night.plan import Plan
from rfm_engine.night.report_options import report_options
from rfm_engine.night.work import Outcome, Work
from rfm_engine.options.groups import ReportOptions
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.reporting.drawing.rendering import REQUIRED, has_vl_convert
from rfm_engine.reporting.inputs import HistoryAt
from rfm_engine.reporting.page.shell import is_page
from rfm_engine.reporting.report import report

_FOREIGN = (
    "{!r} was not written by rfm run and stays as it is, so the reports are not listed; rename it"
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
    entries = entries_of(work.plan.out, work.history, options["min_cell"])
    write_index(index, entries, options)
    return Outcome({"nights": len(entries), "file": str(page), "index": str(index)})
