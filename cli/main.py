"""The commands of `rfm` and where the process starts."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from . import (
    bench,
    demo,
    drift,
    exits,
    explain,
    ingest,
    normalize,
    schemes,
    score,
    simulate,
    state,
    warmup,
)


class RfmGroup(typer.core.TyperGroup):
    """The commands, ending in the exit codes of the contract instead of panels and tracebacks."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line and exit."""
        extra["standalone_mode"] = False
        sys.exit(exits.exit_code(partial(super().main, *args, **extra)))


app = typer.Typer(
    name="rfm",
    cls=RfmGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rfm-engine {version('rfm-engine')}")
        raise typer.Exit


_VERSION = typer.Option(
    "--version", callback=_print_version, is_eager=True, help="Print the version."
)


@app.callback(invoke_without_command=True)
def rfm(
    context: typer.Context,
    _version: Annotated[bool, _VERSION] = False,
) -> None:
    """Group orders by customer, score recency, frequency and monetary value, name the segments."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


app.command("score")(score.score)
app.command("explain")(explain.explain)
app.command("drift")(drift.drift)
app.command("normalize")(normalize.normalize)
app.command("simulate")(simulate.simulate)
app.command("demo")(demo.demo)
app.command("warmup")(warmup.warmup)
app.command("bench")(bench.bench)
app.command("ingest")(ingest.ingest)
app.add_typer(schemes.schemes, name="schemes")
app.add_typer(state.state, name="state")


def _let_open_many_files() -> None:
    """Have as many files open as the system allows: a reader holds all totals of a state open."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS does not give what it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run() -> None:
    """Start the command line, once it is loaded."""
    # NumPy's linear algebra would start threads that spin for work we never give them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if shutil.which("az") is None:
        # Azure's library would have a shell look for it, which complains on stderr.
        os.environ.setdefault("AZURE_TOKEN_CREDENTIALS", "prod")
    if sys.stderr is None:  # closed by whoever started us: nobody reads it
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process
    # A process of one task frees nothing large in circles, and looking for circles among all that
    # a compiler loads takes 0.2 s of a first run.
    gc.disable()
    _let_open_many_files()
    sys.excepthook = exits.report_bug
    try:
        typer.main.get_command(app).main(prog_name="rfm")
    except SystemExit as end:
        exits.leave(end.code if isinstance(end.code, int) else 0)
