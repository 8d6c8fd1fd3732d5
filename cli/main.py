"""The commands of `rfm`, and the function that runs them."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections import UserDict
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
import typer.main

from . import exits
from .parameters import Command, Group

_COMMANDS = (
    "init", "score", "explain", "drift", "normalize", "simulate", "demo", "warmup", "bench",
    "ingest", "schemes", "state", "history", "insight", "label", "labels", "compare", "events",
    "tiers", "campaign", "flows", "audience", "clv", "report", "serve", "run",
)  # fmt: skip
_SETTINGS = {"help_option_names": ["-h", "--help"]}


class _Commands(UserDict[str, Any]):
    """The commands by name. Each is imported on first use, because importing all takes 30 ms."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(_COMMANDS))

    def __getitem__(self, name: str) -> Any:
        if super().__getitem__(name) is None:
            self[name] = _load(name)
        return super().__getitem__(name)


def _load(name: str) -> Any:
    """Import the module of a command, which defines a function or a typer group of that name."""
    found = getattr(import_module(f".{name}", __package__), name)
    if not isinstance(found, typer.Typer):
        single = typer.Typer(context_settings=_SETTINGS, add_completion=False)
        single.command(name, cls=Command)(found)
        found = single
    command = typer.main.get_command(found)
    command.name = name
    return command


class RfmGroup(Group):
    """The commands. They end with documented exit codes instead of panels and tracebacks."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Commands()

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line and exit."""
        extra["standalone_mode"] = False
        sys.exit(exits.exit_code(partial(super().main, *args, **extra)))


app = typer.Typer(
    name="rfm",
    cls=RfmGroup,
    context_settings=_SETTINGS,
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
    """Score customers by recency, frequency and monetary value, and assign them to segments."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


class _WithoutPandas:
    """Refuses to import pandas where it is installed.

    Arrow imports it within C++, which takes 0.3 s, and loses a signal that arrives meanwhile. No
    command needs it in this process.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, _target: object = None
    ) -> ModuleSpec | None:
        """Find pandas, and leave other modules to other finders."""
        if name != "pandas" or PathFinder.find_spec(name, path) is None:
            return None
        loader: Any = self  # `importlib.abc`, the home of its base class, takes 29 ms to import
        return ModuleSpec(name, loader)

    def create_module(self, _spec: ModuleSpec) -> None:
        """Let the module be created as usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Refuse to import it."""
        raise ModuleNotFoundError("no command of rfm needs pandas", name=module.__name__)


def _let_open_many_files() -> None:
    """Raise the limit of open files, because a reader keeps all totals files of a state open."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS refuses the limit that it reports
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run() -> None:
    """Run the command line."""
    # The linear algebra library of NumPy would start threads that busy-wait for work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # The library of S3 in deltalake would print warnings, for example if a machine has no role.
    os.environ.setdefault("RUST_LOG", "error")
    if shutil.which("az") is None:
        # The Azure library would search for `az` with a shell, which prints an error on stderr.
        os.environ.setdefault("AZURE_TOKEN_CREDENTIALS", "prod")
    if sys.stderr is None:  # closed by the parent process
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process
    # A command has no large reference cycles to free, and the search for cycles among the objects
    # that the compiler loads takes 0.2 s of a first run.
    gc.disable()
    sys.meta_path.insert(0, _WithoutPandas())
    if not os.environ.get("COLUMNS", "1").strip("0"):
        # rich would lay out everything in no columns. Without the variable it asks the terminal,
        # and takes 80 columns if there is none.
        del os.environ["COLUMNS"]
    _let_open_many_files()
    sys.excepthook = exits.report_bug
    try:
        typer.main.get_command(app).main(prog_name="rfm")
    except SystemExit as end:
        exits.leave(end.code if isinstance(end.code, int) else 0)
