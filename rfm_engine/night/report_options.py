"""The options of the report of a night, from the table `[report]` of its config file."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rfm_engine.night.plan import Plan
from rfm_engine.night.settings import refuse_missing, settings
from rfm_engine.options.groups import ReportOptions
from rfm_engine.options.resolution import resolve
from rfm_engine.reporting.document.sources import Choices
from rfm_engine.reporting.logo import data_uri

_TABLE = "report"


def report_options(plan: Plan) -> dict[str, Any]:
    """Return the options that are given; paths are relative to the config file.

    Raises
    ------
    UsageError
        As `settings`.
    """
    found = settings(plan, _TABLE)
    for key in found.keys() & {"logo", "insight"}:
        found[key] = plan.place(found[key])
    if "rows" in found:
        found["rows"] = [plan.place(each) for each in found["rows"]]
    return found


def check_report(plan: Plan) -> None:
    """Look at the options and files of the report, so that errors come before the night.

    Raises
    ------
    UsageError
        An option is wrong, a file is missing, or the logo is no picture.
    """
    found = report_options(plan)
    for key in ("logo", "insight", "rows"):
        refuse_missing(plan, _TABLE, key, found.get(key))
    settled = resolve(ReportOptions, found)
    Choices(*(settled[each.name] for each in fields(Choices)))
    if "logo" in found:
        data_uri(found["logo"])
