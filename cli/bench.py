"""`rfm bench`: the same work by us and by others, compared and then timed."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer

from .exits import Misuse


def bench(
    customers: Annotated[
        int | None, typer.Option(metavar="N", help="Distinct customers to simulate.")
    ] = None,
    orders: Annotated[int | None, typer.Option(metavar="N", help="Orders to simulate.")] = None,
    ids: Annotated[
        Literal["int", "dense", "string", "uuid"], typer.Option(help="Kind of customer id.")
    ] = "int",
    lines: Annotated[
        bool, typer.Option("--lines", help="Order lines; distinct orders are counted.")
    ] = False,
    file_format: Annotated[
        Literal["parquet", "parquet-pyarrow", "parquet-duckdb", "csv"],
        typer.Option("--format", help="Parquet as rfm, pyarrow or DuckDB write it, or CSV."),
    ] = "parquet",
    engines: Annotated[
        str | None, typer.Option(metavar="A,B", help="Solutions to run; all by default.")
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", metavar="FILE", help="Parquet file of your own.")
    ] = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="From an Arrow table to an Arrow table.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Threads of each; all processors.")
    ] = None,
    runs: Annotated[int, typer.Option(metavar="K", min=1, help="Warm runs of each.")] = 3,
    save: Annotated[
        Path | None, typer.Option(metavar="F.json", help="Where to save all measurements.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="F.svg|.png", help="Where to draw a chart.")
    ] = None,
) -> None:
    """Time `rfm score` beside DuckDB, Polars, pyarrow and pandas, after comparing the answers."""
    if (customers is None) != (orders is None) or (orders is None) == (input_file is None):
        raise Misuse("bench must have --customers and --orders, or --input; give one of the two.")
    if file_format != "parquet" and (in_memory or input_file is not None):
        other = "--in-memory" if in_memory else "--input"
        raise Misuse(
            f"--format must be given with simulated orders in a file; got {other} too. Drop one."
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
