"""`rfm events`: what changed for each customer between two dates of a history."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import EventOptions, KeptOptions

from .exits import Misuse
from .options import AsJson, Given, Quiet, check_place, takes


@takes(EventOptions, compared=KeptOptions)
def events(
    history: Annotated[str, typer.Argument(metavar="HISTORY", help="Folder of a history.")],
    *,
    options: Given,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", rich_help_panel="Movement",
            help="The first date: only print the events up to the next date.",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DATE", rich_help_panel="Movement",
            help="The second date: only print the events since the date before.",
        ),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT", rich_help_panel="Movement",
            help="The orders of the second date, for events of type aipl_moved; repeatable.",
        ),
    ] = None,
    retracted: Annotated[
        bool,
        typer.Option(
            "--retracted", rich_help_panel="Movement",
            help="Also log as retracted what is in the log of the date and does not follow any "
            "more, after a snapshot was replaced.",
        ),
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file for the events, a directory, or - for "
            "stdout.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Find orders, segments and due dates that changed since the date before, each once.

    Without --from and --to, the events of the newest date are written to the log of the history.

    Example: rfm events history --type second_order,lapsed -o events.parquet
    """
    from rfm_engine import History
    from rfm_engine.output import check_output, refuse_inside

    from .event_output import print_events

    check_place(output, options, as_json=as_json)
    found = History.open(history)
    found.refuse_typed(options.compared)
    if output is not None:  # before the log is written
        check_output(output)
        refuse_inside(output, "the history", found.path)
    if begin is None and end is None:
        logged = found.log_events(rows=rows, retracted=retracted, **options.all)
        table, log = logged.events, logged.status
    elif retracted:
        raise Misuse(
            "--retracted must be used without --from and --to, because it is about the log of the "
            "newest date; got both. Leave the dates out."
        )
    else:
        table, log = found.events(begin, end, rows=rows, **options.all), None
    print_events(table, log, output, as_json=as_json, quiet=quiet)
