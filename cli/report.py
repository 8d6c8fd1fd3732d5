"""`rfm report`: a page about the customers, for people who do not read tables of customers."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import ReportOptions, TotalsOptions

from .options import AsJson, Given, Quiet, check_place, takes

_PANEL = "Report"


@takes(ReportOptions, compared=TotalsOptions)
def report(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SNAPSHOT|HISTORY|report.json",
            help="Scored customers, their history, or a report document.",
        ),
    ],
    *,
    options: Given,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="OUT", help="A .html page or a .json document."),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="SNAPSHOT", rich_help_panel=_PANEL,
            help="An earlier output of rfm score: what changed since; a history brings its own.",
        ),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT", rich_help_panel=_PANEL,
            help="The orders that were scored, for cohorts and for retention under a window; "
            "repeatable.",
        ),
    ] = None,
    insight: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", rich_help_panel=_PANEL,
            help="Folder with tables of rfm insight, rfm compare, rfm campaign report and "
            "rfm clv --tables.",
        ),
    ] = None,
    each: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", rich_help_panel=_PANEL,
            help="Also write a page per group to this folder, for the --top biggest groups.",
        ),
    ] = None,
    charts: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", rich_help_panel=_PANEL, help="Also write each chart to this folder."
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            metavar="svg,png,pdf", rich_help_panel=_PANEL,
            help="Formats of the files of --charts; default: svg.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Write a report about the customers: one HTML page that can be mailed, printed and kept.

    Example: rfm report customers.parquet -o report.html
    """
    check_place(output, options, as_json=as_json)
    from .report_output import write_report
    from .report_places import Places

    beside = {"before": before, "rows": rows, "insight": insight}
    places = Places(output, each, charts, formats)
    write_report(source, options, beside, places, as_json=as_json, quiet=quiet)
