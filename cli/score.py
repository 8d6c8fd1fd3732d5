"""`rfm score`: order files in, customers with scores and segments out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .exits import Misuse
from .memory import Memory
from .outcome import print_json, print_table, print_warnings, warnings_of
from .progress import progress_bar
from .score_options import ScoreOptions, takes_score_options

if TYPE_CHECKING:
    from rfm_engine.totals.aggregation import Progress


@takes_score_options
def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Parquet, Arrow IPC, CSV (.gz, .zst), a directory, a glob, a URI, - for stdin.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="OUT", help=".parquet, .arrow, .csv[.gz], -, or a directory."
        ),
    ],
    *,
    options: ScoreOptions,
    save_model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.json",
            help="Keep cut points, options and scheme for later orders.",
            rich_help_panel="Scoring",
        ),
    ] = None,
    sort: Annotated[
        Literal["customer"] | None,
        typer.Option(help="Sort the rows by customer, then by group.", rich_help_panel="Running"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel="Running")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Only errors.", rich_help_panel="Running")
    ] = False,
) -> None:
    """Score orders: one row a customer with R, F and M scores and a segment."""
    if as_json and output == "-":
        raise Misuse(
            "--json must not be combined with -o -; got both, and stdout holds one. Name a file."
        )
    if options.config is not None:
        from rfm_engine.output import refuse_overwriting

        refuse_overwriting(output, "the config file", options.config)
    arguments = options.arguments()
    if save_model is not None:
        from rfm_engine.output.models import check_keeping

        check_keeping(save_model, output, arguments)
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine.api import score as score_orders

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        told = report if tell else None
        result = score_orders(inputs, output=output, sort=sort, progress=told, **arguments)
        if save_model is not None:
            from rfm_engine.output.models import save_model as keep

            keep(result, save_model)
    warnings = warnings_of(result, newest=options.as_of == "newest")
    if not quiet:
        print_warnings(warnings)
    if as_json:
        print_json(result.summary() | {"warnings": warnings}, memory.peak)
    elif not quiet:
        print_table(result, memory.peak, output)
