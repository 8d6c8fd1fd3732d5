"""`rfm compare`: how customers moved between two dates of a history."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import CompareOptions, KeptOptions

from .exits import Misuse
from .options import AsJson, Given, Quiet, check_place, takes

_TABLES = "matrix, effects, classes, retention, second-order, lifecycle, aipl, period"


@takes(CompareOptions, compared=KeptOptions)
def compare(
    history: Annotated[
        str, typer.Argument(metavar="HISTORY", help="The folder of `rfm history`.")
    ],
    *,
    options: Given,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", rich_help_panel="Movement",
            help="The first date; default: the one before the second.",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DATE", rich_help_panel="Movement",
            help="The second date; default: the newest one.",
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", rich_help_panel="Movement",
            help=f"One table instead of the summary: {_TABLES}.",
        ),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            metavar="INPUT", rich_help_panel="Movement",
            help="The orders that were scored, or the folder of `rfm normalize --buckets`; "
            "repeatable.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file for the table, or - for stdout.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Show how customers moved between segments from one date of a history to another.

    Without --table a summary: who moved where, and why.

    Example: rfm compare history --from 2026-09-30 --to 2026-10-31
    """
    from rfm_engine.history.history import History
    from rfm_engine.movement.tables import options_of, refuse_others

    from .compare_output import print_comparison, print_object, write_table

    check_place(output, options, as_json=as_json)
    if table is None and output is not None:
        raise Misuse(
            "-o must be used with --table, because the summary has several tables; got it alone. "
            f"Add --table NAME: {_TABLES}."
        )
    refuse_others(table, options.explicit)
    given = options_of(table, options.config) | options.explicit
    opened = History.open(history)
    opened.refuse_typed(options.compared)
    found = opened.compare(begin, end, rows=rows, **given)
    if table is not None:
        write_table(found.table(table), found, output, as_json=as_json, quiet=quiet)
    elif as_json:
        print_object(found.summary())
    else:
        print_comparison(found, quiet=quiet)
