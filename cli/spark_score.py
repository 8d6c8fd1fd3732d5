"""Score orders in a cluster of Spark; `spark_submit.py` is the script that calls it."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

from rfm_engine.errors import shown
from rfm_engine.options.groups import ScoreOptions, SparkOptions

from . import exits
from .exits import Misuse
from .memory import Memory
from .options import NEWEST, AsJson, Given, Quiet, takes
from .outcome import print_json, print_table, print_warnings, warnings_of
from .parameters import Command

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NAME = "spark-submit spark_submit.py"
_PANEL = "Running"


@takes(SparkOptions, config=False, compared=ScoreOptions)
def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Folders of Parquet, delta:PATH[@VERSION], iceberg:CATALOG.TABLE[@SNAPSHOT], or "
            "names of tables.",
        ),
    ],
    *,
    options: Given,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="OUT",
            help="A folder for Parquet, delta:PATH or iceberg:CATALOG.TABLE; default: print only "
            "the table.",
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", rich_help_panel=_PANEL,
            help="Give a Delta or Iceberg table at the output a new version.",
        ),
    ] = False,
    save_model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.json", rich_help_panel="Scoring",
            help="Save cut points, options and scheme as a model, on the machine of the driver.",
        ),
    ] = None,
    staging: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", rich_help_panel=_PANEL,
            help="A new folder, which all executors can write to, for totals of customers, to be "
            "deleted afterwards; default: Spark persists them.",
        ),
    ] = None,
    buckets: Annotated[
        int | None,
        typer.Option(
            metavar="N", rich_help_panel=_PANEL, min=1, show_default=False,
            help="Number of tasks that customers are divided into; default: "
            "spark.sql.shuffle.partitions.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Score orders in a cluster: one row per customer with R, F and M scores and a segment."""
    if replace and output is None:
        raise Misuse("--replace must be used with --output; got --replace alone. Add -o OUT.")
    if staging is not None and staging == output:
        raise Misuse(
            f"--staging must be another folder than the output; got {shown(staging)} twice. "
            "Name a new folder."
        )
    from rfm_engine.spark import score as spark_score
    from rfm_engine.spark.failures import one_line_errors
    from rfm_engine.spark.frames import require_pyspark
    from rfm_engine.spark.places import check_output, read_orders, write_customers

    require_pyspark("the script for spark-submit")
    start = time.monotonic()
    with Memory() as memory, one_line_errors():
        if save_model is not None:
            from rfm_engine.output.models import check_keeping

            check_keeping(save_model, output, options.all)
        session = _session()
        if output is not None:
            check_output(session, output, replace=replace)
        orders = read_orders(session, inputs)
        # The others are refused with the reason.
        given = options.all | options.compared
        with spark_score(orders, staging=staging, buckets=buckets, **given) as result:
            if output is not None:
                write_customers(result.customers, output, replace=replace)
            if save_model is not None:
                from rfm_engine.output.models import save_model as keep

                keep(result.model, save_model)
    seconds = time.monotonic() - start
    found = warnings_of(result, newest=options.all["as_of"] == NEWEST)
    if not quiet:
        print_warnings(found)
    if as_json:
        told = {"warnings": found, "seconds": {"total": round(seconds, 6)}}
        print_json(result.summary() | told, memory.peak)
    elif not quiet:
        print_table(result, seconds, memory.peak, output)


def _session() -> SparkSession:
    """Return the session of the job, or a new one."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("rfm score")
    # By default times have 96 bits, which Arrow reads as nanoseconds.
    builder.config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    return builder.getOrCreate()


def command() -> Any:
    """Return the command that the script runs."""
    app = typer.Typer(
        context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False,
        pretty_exceptions_enable=False,
    )  # fmt: skip
    app.command(_NAME, cls=Command)(score)
    return typer.main.get_command(app)


def run(words: Sequence[str] | None = None) -> int:
    """Run the script with words of a command line, and return its exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.excepthook = exits.report_bug
    # spark-submit writes stderr of Python to stdout. Nothing here computes with pandas.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    # PySpark and Py4J log errors that we report, as JSON and as tracebacks, also after Ctrl-C.
    logging.disable(logging.CRITICAL)
    main = partial(command().main, words, prog_name=_NAME, standalone_mode=False)
    return exits.exit_code(main)
