"""`rfm bench`: do the same work with rfm and other tools, compare the answers, show the times."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer

from .exits import Misuse


def bench(
    customers: Annotated[
        int | None, typer.Option(metavar="N", help="Number of distinct customers to simulate.")
    ] = None,
    orders: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of orders to simulate, at least one per customer."),
    ] = None,
    ids: Annotated[
        Literal["int", "dense", "string", "uuid"], typer.Option(help="Type of the customer ids.")
    ] = "int",
    lines: Annotated[
        bool, typer.Option("--lines", help="Rows are order lines: count distinct order ids.")
    ] = False,
    file_format: Annotated[
        Literal["parquet", "parquet-pyarrow", "parquet-duckdb", "csv"],
        typer.Option(
            "--format",
            help="Format of simulated orders: Parquet as rfm, pyarrow or DuckDB write it, or CSV.",
        ),
    ] = "parquet",
    engines: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Solutions to run, separated by commas; default: all."),
    ] = None,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input", metavar="FILE", help="Parquet file to use instead of simulated orders."
        ),
    ] = None,
    in_memory: Annotated[
        bool,
        typer.Option("--in-memory", help="Measure from Arrow table to Arrow table, not files."),
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Threads per solution; default: all processors."),
    ] = None,
    runs: Annotated[
        int, typer.Option(metavar="K", min=1, help="Number of warm runs per solution.")
    ] = 3,
    save: Annotated[
        Path | None, typer.Option(metavar="F.json", help="File to save all measurements to.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="F.svg|.png", help="File to draw a chart of the times to."),
    ] = None,
) -> None:
    """Compare the answers and times of `rfm score` with DuckDB, Polars, pyarrow and pandas."""
    if (customers is None) != (orders is None) or (orders is None) == (input_file is None):
        raise Misuse("bench must have --customers and --orders, or --input; give one of the two.")
    if file_format != "parquet" and (in_memory or input_file is not None):
        other = "--in-memory" if in_memory else "--input"
        raise Misuse(
            "--format must be used with simulated orders in a file; "
            f"got {other} too. Remove one of them."
        )
    from rich.console import Console

    from rfm_engine.bench.chart import check_chart, draw
    from rfm_engine.bench.engines import engines_named
    from rfm_engine.bench.files import in_format
    from rfm_engine.bench.run import Plan, run_bench, simulated
    from rfm_engine.bench.work import open_input
    from rfm_engine.totals.memory.system import available_processors

    from .bench_table import print_record

    if plot is not None:
        check_chart(plot)
    chosen = engines_named(engines.split(",") if engines else [])
    plan = Plan(chosen, lines, in_memory, threads or available_processors(), runs)
    file: AbstractContextManager[Path] = (
        simulated(customers=customers, orders=orders, ids=ids, lines=lines, tell=_tell)
        if customers is not None and orders is not None
        else nullcontext(input_file or Path())
    )
    with file as path:
        given = open_input(path, lines=lines, ids=ids if input_file is None else None)
        given = in_format(given, file_format)
        record = run_bench(plan, given, _tell)
    if save is not None:
        record.save(save)
    if plot is not None:
        draw([record], plot)
    print_record(Console(), record)


def _tell(words: str) -> None:
    if sys.stderr.isatty():
        typer.echo(words, err=True)
