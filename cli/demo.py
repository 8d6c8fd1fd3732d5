"""`rfm demo`: simulate a marketplace, score its customers, and write a report about them."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from .demo_report import Drawn, draw
from .progress import signs_of_life
from .words import printable

_CUSTOMERS, _ORDERS = 20_000, 91_000  # about 200,000 rows


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the files and print their paths.")
    ] = False,
) -> None:
    """Simulate a marketplace, score its customers, and write a report about them."""
    folder = Path(tempfile.mkdtemp(prefix="rfm-demo-"))
    try:
        orders, customers, drawn = _run(folder, is_kept=keep)
    except BaseException:  # also on Ctrl-C: leave no files behind
        _delete(folder)
        raise
    if not keep:
        _delete(folder)
        typer.echo("\nYour own orders:   rfm init orders.csv, then rfm score orders.csv")
        typer.echo("Keep these files:  rfm demo --keep")
        if drawn.page is not None:
            typer.echo(printable(f"Open the report:   {drawn.page}"))
        if drawn.lacking is not None:
            what = "Get a report too:  " if drawn.page is None else "Get more of it:    "
            typer.echo(f"{what}pip install '{drawn.lacking}'")
        return
    typer.echo(f"\norders:    {orders}")
    typer.echo(f"customers: {customers}")
    if drawn.page is not None:
        typer.echo(f"report:    {drawn.page}")
    again = ["rfm", "score", str(orders), "--order", "order_id", "--as-of", "2025-06-30"]
    typer.echo("\nThe same scores half a year earlier, as CSV:")
    typer.echo(f"  {shlex.join([*again, '-o', str(folder / 'june.csv')])}")


def _run(folder: Path, *, is_kept: bool) -> tuple[Path, Path, Drawn]:
    """Simulate, score, print and draw; return the files of orders and customers, and the report."""
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
    with signs_of_life():
        drawn = draw(orders, customers, folder if is_kept else None)
    return orders, customers, drawn


def _delete(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
