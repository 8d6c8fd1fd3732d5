"""`rfm demo`: simulate a marketplace and score its customers."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from pathlib import Path

import typer

_CUSTOMERS, _ORDERS = 20_000, 91_000  # about 200,000 order lines


def demo() -> None:
    """Simulate a marketplace in a temporary folder and score its customers."""
    from rich.console import Console

    from rfm_engine.api import score
    from rfm_engine.output import write
    from rfm_engine.simulate import simulate

    from .table import print_summary

    folder = Path(tempfile.mkdtemp(prefix="rfm-demo-"))
    orders, customers = folder / "orders.parquet", folder / "customers.parquet"
    try:
        lines = simulate(customers=_CUSTOMERS, orders=_ORDERS, lines=True)
        write(lines, lines.schema, orders)
        result = score(orders, as_of="newest", order="order_id", output=customers)
    except BaseException:  # also on Ctrl-C: leave no files behind
        shutil.rmtree(folder, ignore_errors=True)
        raise

    print_summary(Console(), result.summary())
    typer.echo(f"orders:    {orders}")
    typer.echo(f"customers: {customers}")
    again = ["rfm", "score", str(orders), "--order", "order_id", "--as-of", "2025-06-30"]
    typer.echo("\nThe same scores half a year earlier, as CSV:")
    typer.echo(f"  {shlex.join([*again, '-o', str(folder / 'june.csv')])}")
