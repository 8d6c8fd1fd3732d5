"""`rfm simulate`: simulate the orders of a marketplace."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import typer

from .memory import Memory
from .progress import progress_bar
from .words import counted


def simulate(
    customers: Annotated[int, typer.Option(metavar="N", help="Number of distinct customers.")],
    orders: Annotated[
        int, typer.Option(metavar="N", help="Number of orders, at least one per customer.")
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file, a directory, or - for stdout.",
        ),
    ],
    ids: Annotated[
        Literal["int", "dense", "string", "uuid"],
        typer.Option(help="Type of customer ids; the seed does not change the ids."),
    ] = "int",
    lines: Annotated[
        bool, typer.Option("--lines", help="Write order lines with products, not orders.")
    ] = False,
    seed: Annotated[
        int,
        typer.Option(metavar="N", help="Another seed gives other orders of the same customers."),
    ] = 0,
) -> None:
    """Simulate orders from 2023 to 2025, with seasons and refunds; a few customers buy most.

    The same seed gives the same orders.
    """
    start = time.monotonic()
    with Memory() as memory, progress_bar(memory) as tell:
        import os

        from rfm_engine.output import write
        from rfm_engine.simulate import simulate as simulate_orders

        n_rows = 0

        def report(rows: int) -> None:
            nonlocal n_rows
            n_rows = rows
            if tell:
                tell("write", rows, None if lines else orders, 0)

        batches = simulate_orders(
            customers=customers, orders=orders, ids=ids, lines=lines, seed=seed
        )
        threads = os.cpu_count() or 1
        write(batches, batches.schema, output, threads=threads, progress=report)
    place = "stdout" if output == "-" else output
    typer.echo(
        f"{counted(n_rows, 'row')} of {counted(orders, 'order')} by "
        f"{counted(customers, 'customer')}: {place} in {time.monotonic() - start:.2f} s",
        err=output == "-",
    )
