"""`rfm label`: add labels of behaviour to the customers of a snapshot."""

from __future__ import annotations

from typing import Annotated

import typer

from rfm_engine.options.groups import LabelOptions

from .options import Given, Quiet, takes


@takes(LabelOptions)
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
    quiet: Quiet = False,
) -> None:
    """Add labels to customers: price sensitivity, favourite products, times of day and others."""
    import rfm_engine
    from rfm_engine.insight.labelling import write_labelled

    names = [name.strip() for name in labels.split(",")]
    settled = {name: value for name, value in options.all.items() if name != "as_of"}
    n = write_labelled(rfm_engine.read_snapshot(snapshot), rows, names, output, settled)
    if not quiet:
        typer.echo(f"{n:,} customers with {', '.join(names)} in {output}", err=output == "-")
