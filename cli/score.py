"""`rfm score`: read order files, write customers with scores and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rfm_engine.options.groups import ScoreOptions

from .memory import Memory
from .options import NEWEST, AsJson, Given, Quiet, check_place, takes
from .outcome import print_json, print_table, print_warnings, warnings_of
from .progress import progress_bar

if TYPE_CHECKING:
    from rfm_engine.totals.aggregation import Progress


@takes(ScoreOptions)
def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Parquet, Arrow IPC, CSV (.gz, .zst), a directory, a glob, a URI, - for stdin, "
            "delta:PATH or iceberg:CATALOG.TABLE.",
        ),
    ],
    *,
    options: Given,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file, a directory, or - for stdout; "
            "default: print only the table.",
        ),
    ] = None,
    save_model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.json",
            help="Save cut points, options and scheme as a model for later orders.",
            rich_help_panel="Scoring",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score orders: write one row per customer with R, F and M scores and a segment."""
    check_place(output, options, as_json=as_json)
    if save_model is not None:
        from rfm_engine.output.models import check_keeping

        check_keeping(save_model, output, options.all)
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine.api import score_given

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        result = score_given(
            inputs, options.explicit, options.config, output, report if tell else None,
            keep=False,
        )  # fmt: skip
        if save_model is not None:
            from rfm_engine.output.models import save_model as keep

            keep(result, save_model)
    warnings = warnings_of(result, newest=options.all["as_of"] == NEWEST)
    if not quiet:
        print_warnings(warnings)
    if as_json:
        print_json(result.summary() | {"warnings": warnings}, memory.peak)
    elif not quiet:
        print_table(result, result.seconds["total"], memory.peak, output)
