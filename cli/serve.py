"""`rfm serve`: look up customers over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.serve import ServeOptions

from .options import AsJson, Given, Quiet, takes

_PANEL = "Service"


@takes(ServeOptions)
def serve(
    snapshot: Annotated[
        str,
        typer.Argument(
            metavar="SNAPSHOT.arrow",
            help="Customers that `rfm score --sort customer -o customers.arrow` wrote.",
        ),
    ],
    *,
    options: Given,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="SNAPSHOT", rich_help_panel=_PANEL,
            help="The same of an earlier date: answers have the segment at that date.",
        ),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="F", rich_help_panel=_PANEL,
            help="A .html page or a .json document of rfm report to serve; repeatable, for both.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Answer requests over HTTP for single customers, from a file of scored customers.

    Example: rfm serve customers.arrow
    """
    from .service import serve_files

    serve_files(snapshot, before, report or (), options, as_json=as_json, quiet=quiet)
