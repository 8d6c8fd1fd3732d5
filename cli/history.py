"""`rfm history`: snapshots by date."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import HistoryInputOptions, HistoryOptions
from rfm_engine.options.running import RunningOptions

from .exits import Faulty
from .history_lines import added_line, show_lines
from .memory import Memory
from .options import AsJson, Given, Quiet, takes
from .outcome import print_warnings, typed_warnings
from .parameters import Command, Group
from .progress import progress_bar
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.totals.aggregation import Progress


def typed_or_running(options: Given) -> dict[str, Any]:
    """Return typed options, and options of the machine from the config file.

    Its other options are used when a history is created, and are those of the history later.
    """
    machine = declared(RunningOptions)
    of_file = {name: each for name, each in options.config.items() if name in machine}
    return of_file | options.explicit


history = typer.Typer(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False
)

_PLACE = Annotated[str, typer.Argument(metavar="HISTORY", help="Folder of a history.")]
_AS_OF = Annotated[
    str,
    typer.Option(
        "--as-of", metavar="DATE", rich_help_panel="Reading", help="Date of analysis, inclusive."
    ),
]


@history.callback(invoke_without_command=True)
def all_of_a_history(context: typer.Context) -> None:
    """Keep snapshots by date, and know each customer's segment before and since when."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@history.command("create", cls=Command)
@takes(HistoryOptions)
def create(
    place: Annotated[
        str,
        typer.Argument(metavar="HISTORY", help="Local folder that is empty or does not exist."),
    ],
    *,
    options: Given,
    frozen: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.json",
            rich_help_panel="Scoring",
            help="Score all dates with the cut points of this model, see --save-model of "
            "`rfm score`.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Create an empty history; its options cannot be changed later."""
    from rfm_engine import History

    History.create(place, frozen=frozen, **options.all)
    if not quiet:
        typer.echo(f"{printable(place)} is a history; add dates with rfm history add")


@history.command("add", cls=Command)
@takes(HistoryInputOptions)
def add(
    place: _PLACE,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...|STATE|SNAPSHOT",
            help="Orders, as for `rfm score`, a state, or a snapshot of this date.",
        ),
    ],
    as_of: _AS_OF,
    *,
    options: Given,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace the snapshot of this date if its content differs."),
    ] = False,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Add a date before the newest one.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score a date and add it to a history, which is created if it does not exist."""
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine import History

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        with History.open_or_create(place, inputs, options.all) as found:
            done = found.add(
                inputs, as_of=as_of, replace=replace, backfill=backfill,
                progress=report if tell else None, **typed_or_running(options),
            )  # fmt: skip
    warnings = typed_warnings(done.warnings)
    if not quiet:
        print_warnings(warnings)
    if as_json:
        summary = found.summary(done.as_of) | {"warnings": warnings}
        typer.echo(json.dumps({"status": done.status, **summary}))
    elif not quiet:
        typer.echo(added_line(done, found.summary(done.as_of)))


@history.command("build", cls=Command)
@takes(HistoryInputOptions)
def build(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Orders, as for `rfm score`.")
    ],
    place: Annotated[
        str, typer.Option("-o", "--output", metavar="HISTORY", help="Folder of a history.")
    ],
    as_of: Annotated[
        str,
        typer.Option(
            "--as-of",
            metavar="DATES",
            rich_help_panel="Reading",
            help="month-ends:2023-01..2025-12, week-ends:2023-01-01..2025-12-31, or dates with "
            "commas between them.",
        ),
    ],
    *,
    options: Given,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score many dates in one pass over the orders, and add them to a history."""
    dates: list[dict[str, Any]] = []
    warnings: list[dict[str, str]] = []
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine import History

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        with History.open_or_create(place, inputs, options.all) as found:
            for done in found.iter_build(
                inputs, as_of=as_of, progress=report if tell else None,
                **typed_or_running(options),
            ):  # fmt: skip
                dates.append(found.summary(done.as_of) | {"status": done.status})
                warnings = typed_warnings(done.warnings)  # of all rows, the same for each date
                if not as_json and not quiet:
                    typer.echo(added_line(done, dates[-1]))
    if not quiet:
        print_warnings(warnings)
    if as_json:
        keys = ("as_of", "status", "customers", "new", "changed", "left")
        rows = [{key: each[key] for key in keys} for each in dates]
        typer.echo(json.dumps({"dates": rows, "warnings": warnings}))


@history.command("show", cls=Command)
def show(place: _PLACE, as_json: AsJson = False) -> None:
    """Show the options and dates of a history, and how many customers changed their segment."""
    from rfm_engine import History

    found = History.open(place).overview()
    if as_json:
        typer.echo(json.dumps(found))
        return
    for line in show_lines(found):
        typer.echo(printable(line))


@history.command("verify", cls=Command)
def verify(place: _PLACE) -> None:
    """Read every file of a history, and list what is damaged or was changed."""
    from rfm_engine import History

    found = History.open(place).verify()
    for line in found:
        typer.echo(printable(line))
    if found:
        raise Faulty
    typer.echo("all files are unchanged")


@history.command("forget", cls=Command)
def forget(
    place: _PLACE,
    who: Annotated[
        list[str],
        typer.Option("--id", metavar="CUSTOMER", help="Customer id to delete; repeatable."),
    ],
) -> None:
    """Delete customers from all files of a history."""
    from rfm_engine import History

    found = History.open(place).forget(*who)
    for each in who:
        typer.echo(f"{printable(each)}: {'forgotten' if each in found else 'not in the history'}")
    if found:
        typer.echo(f"{counted(len(found), 'customer')} deleted from all dates")
