"""`rfm clv`: fit a model of lifetime value, and predict for every customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rfm_engine.options.groups import EstimateOptions

from .exits import Misuse
from .memory import Memory
from .options import NEWEST, AsJson, Given, Quiet, check_place, takes
from .outcome import print_json, print_warnings, warnings_of
from .progress import progress_bar

if TYPE_CHECKING:
    from rfm_engine.totals.aggregation import Progress

_PANEL = "Lifetime value"
# The first three are refused with the reason, and models count days whatever `frequency` counts.
_ELSEWHERE = ("window", "customer_level", "n_orders", "frequency")


@takes(EstimateOptions, elsewhere=_ELSEWHERE)
def clv(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Orders, as for `rfm score`, or rows that `rfm normalize` wrote; no state.",
        ),
    ],
    *,
    options: Given,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file, a directory, or - for stdout; "
            "default: print only the model.",
        ),
    ] = None,
    save_clv_model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.json", rich_help_panel=_PANEL,
            help="Save the model for later orders and for `rfm score --clv-model`.",
        ),
    ] = None,
    tables: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", rich_help_panel=_PANEL,
            help="With --validate: also write the tables of the validation into this folder, for "
            "`rfm report --insight`.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Predict who will order again, how often, and what they will spend.

    Fits a model to the orders, and writes one row per customer.

    Example: rfm clv orders.parquet -o clv.parquet --validate 90d
    """
    check_place(output, options, as_json=as_json)
    if tables is not None and options.all.get("validate") is None:
        raise Misuse("--tables must be used with --validate; got it alone. Add --validate 90d.")
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine.clv.run import clv_given

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        found = clv_given(
            inputs, options.explicit, options.config, output, report if tell else None,
            save_model=save_clv_model, tables=tables, keep=False,
        )  # fmt: skip
    warnings = warnings_of(found, newest=options.all["as_of"] == NEWEST)
    if not quiet:
        print_warnings(warnings)
    if as_json:
        print_json(found.summary() | {"warnings": warnings}, memory.peak)
    elif not quiet:
        from .clv_lines import print_clv

        print_clv(found, memory.peak, output)
