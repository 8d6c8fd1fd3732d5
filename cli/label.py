"""`rfm label`: add labels of behaviour to the customers of a snapshot."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import LabelOptions, TotalsOptions

from .options import AsJson, Given, Quiet, check_place, takes
from .scored import print_object
from .words import printable

_SHOWN = 10


@takes(LabelOptions, compared=TotalsOptions)
def label(
    snapshot: Annotated[
        str, typer.Argument(metavar="SNAPSHOT", help="Scored customers: an output of `rfm score`.")
    ],
    *,
    options: Given,
    rows: Annotated[
        list[str],
        typer.Option(
            metavar="INPUT",
            rich_help_panel="Columns",
            help="The orders that were scored, or the folder of `rfm normalize --buckets`; "
            "repeatable.",
        ),
    ],
    labels: Annotated[
        str,
        typer.Option(
            metavar="NAME,...", help="Labels: names from `rfm labels list`, or TOML files."
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file, or a directory.",
        ),
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add labels to scored customers: price sensitivity, favourite products and others."""
    import rfm_engine
    from rfm_engine.insight.labelling import write_labelled
    from rfm_engine.query.snapshot_options import refuse_other_options

    check_place(output, options, as_json=as_json)
    customers = rfm_engine.read_snapshot(snapshot)
    refuse_other_options(customers, options.compared)
    names = [name.strip() for name in labels.split(",")]
    found = write_labelled(customers, rows, names, output, options.all)
    if as_json:
        print_object({"customers": customers.n_customers, "labels": found})
    elif not quiet:
        is_piped = output == "-"
        for name, levels in found.items():
            typer.echo(printable(f"{name}: {_most(levels)}"), err=is_piped)
        typer.echo(f"{customers.n_customers:,} customers in {printable(output)}", err=is_piped)


def _most(levels: dict[str, int]) -> str:
    if not levels:
        return "no customers"
    shown = [f"{level} {n:,}" for level, n in levels.items()]
    more = len(shown) - _SHOWN
    return ", ".join([*shown[:_SHOWN], *([f"and {more:,} more"] if more > 0 else [])])
