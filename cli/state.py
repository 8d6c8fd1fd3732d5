"""`rfm state`: create and maintain totals that are kept on disk."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import StateOptions

from .exits import Faulty
from .options import Given, takes
from .parameters import Command, Group
from .words import counted, printable

state = typer.Typer(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False
)

_PLACE = Annotated[
    str, typer.Argument(metavar="STATE", help="Folder of a state, see `rfm state create`.")
]


@state.callback(invoke_without_command=True)
def all_of_a_state(context: typer.Context) -> None:
    """Keep totals on disk: add a day of orders, then score all customers."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@state.command("create", cls=Command)
@takes(StateOptions)
def create(
    place: Annotated[
        str,
        typer.Argument(metavar="STATE", help="Local folder that is empty or does not exist."),
    ],
    *,
    options: Given,
    history: Annotated[
        str,
        typer.Option(
            metavar="lifetime|rolling:365d",
            help="lifetime: one record per customer; rolling:365d: daily totals of the last 365 "
            "days and 31 more, so that windows are possible.",
        ),
    ] = "lifetime",
    keep_batches: Annotated[
        int, typer.Option(metavar="N", help="Number of newest batches that can be replaced.")
    ] = 7,
    keep: Annotated[int, typer.Option(metavar="N", help="Number of generations to keep.")] = 3,
) -> None:
    """Create an empty state; its options for reading orders cannot be changed later."""
    import rfm_engine

    rfm_engine.State.create(
        place, history=history, keep_batches=keep_batches, keep=keep, **options.all
    )
    typer.echo(f"{place} is a state with {history} history; add orders with rfm ingest")


@state.command("show", cls=Command)
def show(
    place: _PLACE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the options, batches, generations and size of a state."""
    import rfm_engine

    found = rfm_engine.State.open(place).summary()
    if as_json:
        typer.echo(json.dumps(found))
        return
    for line in _lines(found):
        typer.echo(printable(line))


@state.command("verify", cls=Command)
def verify(place: _PLACE) -> None:
    """Read every file of every kept generation, and list damaged or changed files."""
    from rfm_engine.state.verification import verify as verify_state

    found = verify_state(place)
    for line in found:
        typer.echo(printable(line))
    if found:
        raise Faulty
    typer.echo("all files are unchanged")


@state.command("compact", cls=Command)
def compact(
    place: _PLACE,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Number of threads; default: all processors.")
    ] = None,
) -> None:
    """Merge batches that can no longer be replaced; `rfm ingest` does it too, if they are large."""
    import rfm_engine

    number = rfm_engine.State.open(place).compact(threads=threads)
    typer.echo(f"the state is at generation {number}")


@state.command("gc", cls=Command)
def gc(place: _PLACE) -> None:
    """Delete files that belong to no generation, left by a writer that was killed."""
    import rfm_engine

    gone = rfm_engine.State.open(place).gc()
    typer.echo(f"{counted(len(gone), 'file')} deleted")


@state.command("forget", cls=Command)
def forget(
    place: _PLACE,
    who: Annotated[
        list[str],
        typer.Option("--id", metavar="CUSTOMER", help="Customer id to delete; repeatable."),
    ],
) -> None:
    """Delete customers from all generations."""
    import rfm_engine

    found = rfm_engine.State.open(place).forget(*who)
    for each in who:
        typer.echo(f"{printable(each)}: {'forgotten' if each in found else 'not in the state'}")


@state.command("restore", cls=Command)
def restore(
    place: _PLACE,
    generation: Annotated[
        int, typer.Option(metavar="N", help="Generation to restore; `rfm state show` lists them.")
    ],
) -> None:
    """Make an older generation the newest again; later batches can be ingested again."""
    import rfm_engine

    number = rfm_engine.State.open(place).restore(generation)
    if number == generation:
        typer.echo(f"generation {generation} is already the newest")
    else:
        typer.echo(f"generation {generation} is restored, as generation {number}")


def _lines(found: dict[str, Any]) -> list[str]:
    rows = found["rows"]
    lines = [
        f"generation {found['generation']}, {found['history']} history, "
        f"{counted(found['bytes'], 'byte')} in {counted(found['files'], 'file')}",
        f"{rows['counted']:,} of {counted(rows['read'], 'row')} counted, in "
        f"{counted(found['batches_ingested'], 'batch', 'es')}; newest day "
        f"{found['newest_day'] or 'none'}",
    ]
    if found["first_day"]:
        lines.append(f"oldest day {found['first_day']}")
    known = declared(StateOptions)
    given = [f"{known[name].flag} {value}" for name, value in found["options"].items()]
    if given:
        lines.append("with " + ", ".join(given))
    lines += [
        f"batch {batch['id']} {'can be replaced' if batch['can_be_replaced'] else 'is kept'}: "
        f"{counted(batch['rows'], 'row')}, newest day "
        f"{batch['newest_day'] or 'none'}"
        for batch in found["batches"]
    ]
    standing = ", ".join(map(str, found["generations"]))
    return [*lines, f"generations: {standing}"]
