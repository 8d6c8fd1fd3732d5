"""`rfm demo`: simulate a marketplace and score its customers."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from .progress import signs_of_life

_CUSTOMERS, _ORDERS = 20_000, 91_000  # about 200,000 rows


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the files and print their paths.")
    ] = False,
) -> None:
    """Simulate a marketplace in a temporary folder and score its customers."""
    folder = Path(tempfile.mkdtemp(prefix="rfm-demo-"))
    try:
        orders, customers = _run(folder)
    except BaseException:  # also on Ctrl-C: leave no files behind
        _delete(folder)
        raise
    if not keep:
        _delete(folder)
        typer.echo("\nYour own orders:   rfm init orders.csv, then rfm score orders.csv")
        typer.echo("Keep these files:  rfm demo --keep")
        return
    typer.echo(f"\norders:    {orders}")
    typer.echo(f"customers: {customers}")
    again = ["rfm", "score", str(orders), "--order", "order_id", "--as-of", "2025-06-30"]
    typer.echo("\nThe same scores half a year earlier, as CSV:")
    typer.echo(f"  {shlex.join([*again, '-o', str(folder / 'june.csv')])}")


def _run(folder: Path) -> tuple[Path, Path]:
    """Simulate, score and print; return the files of orders and customers."""
    from rich.console import Console

    orders, customers = folder / "orders.parquet", folder / "customers.parquet"
    typer.echo(
        f"Simulating {_ORDERS:,} orders of {_CUSTOMERS:,} customers. An order has a row per "
        "product, so there are about twice as many rows.",
        err=True,
    )
    with signs_of_life():
        from rfm_engine.api import score
        from rfm_engine.output import write
        from rfm_engine.simulate import simulate

        from .table import print_summary

        lines = simulate(customers=_CUSTOMERS, orders=_ORDERS, lines=True)
        write(lines, lines.schema, orders)
        typer.echo("Scoring the customers.", err=True)
        result = score(orders, as_of="newest", order="order_id", output=customers)
    print_summary(Console(), result.summary())
    return orders, customers


def _delete(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
