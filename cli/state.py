"""`rfm state`: totals kept on disk from night to night, made and looked after."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from rfm_engine.options.groups import StateOptions

from .exits import Faulty
from .options import Given, takes
from .words import counted, printable

state = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False)

_PLACE = Annotated[str, typer.Argument(metavar="STATE", help="What rfm state create made.")]


@state.callback(invoke_without_command=True)
def all_of_a_state(context: typer.Context) -> None:
    """Keep totals on disk: add a day of orders, score everybody."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@state.command("create")
@takes(StateOptions, config=False)
def create(
    place: Annotated[
        str,
        typer.Argument(metavar="STATE", help="A folder of this machine, empty or not there."),
    ],
    *,
    options: Given,
    history: Annotated[
        str,
        typer.Option(
            metavar="lifetime|rolling:365d",
            help="One record a customer, or day detail of so many days and 31 more.",
        ),
    ] = "lifetime",
    keep_batches: Annotated[
        int, typer.Option(metavar="N", help="So many last batches can be replaced.")
    ] = 7,
    keep: Annotated[int, typer.Option(metavar="N", help="So many generations stand.")] = 3,
) -> None:
    """Make an empty state, and set for good how its orders are read."""
    import rfm_engine

    rfm_engine.State.create(
        place, history=history, keep_batches=keep_batches, keep=keep, **options.explicit
    )
    typer.echo(f"{place} is a state with {history} history; add orders with rfm ingest")


@state.command("show")
def show(
    place: _PLACE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what is in a state: its options, batches, generations and size."""
    import rfm_engine

    found = rfm_engine.State.open(place).summary()
    if as_json:
        typer.echo(json.dumps(found))
        return
    for line in _lines(found):
        typer.echo(printable(line))


@state.command("verify")
def verify(place: _PLACE) -> None:
    """Read every file of every generation that stands, and name what is not as it was written."""
    from rfm_engine.state.verification import verify as verify_state

    found = verify_state(place)
    for line in found:
        typer.echo(printable(line))
    if found:
        raise Faulty
    typer.echo("all files are as they were written")


@state.command("compact")
def compact(
    place: _PLACE,
    threads: Annotated[int | None, typer.Option(metavar="N", help="Default: all cores.")] = None,
) -> None:
    """Make one of all batches that are no longer kept: ingest does when it is worth it."""
    import rfm_engine

    number = rfm_engine.State.open(place).compact(threads=threads)
    typer.echo(f"the state is at generation {number}")


@state.command("gc")
def gc(place: _PLACE) -> None:
    """Take away files of no generation, left by a writer that was killed."""
    import rfm_engine

    gone = rfm_engine.State.open(place).gc()
    typer.echo(f"{counted(len(gone), 'file')} taken away")


@state.command("forget")
def forget(
    place: _PLACE,
    who: Annotated[list[str], typer.Option("--id", metavar="CUSTOMER", help="Whom; repeatable.")],
) -> None:
    """Take customers out of all generations."""
    import rfm_engine

    found = rfm_engine.State.open(place).forget(*who)
    for each in who:
        typer.echo(f"{printable(each)}: {'forgotten' if each in found else 'not in the state'}")


@state.command("restore")
def restore(
    place: _PLACE,
    generation: Annotated[int, typer.Option(metavar="N", help="One that stands; see show.")],
) -> None:
    """Make an older generation the newest again: batches since can be ingested anew."""
    import rfm_engine

    number = rfm_engine.State.open(place).restore(generation)
    if number == generation:
        typer.echo(f"generation {generation} is the newest already")
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
        lines.append(f"days since {found['first_day']}")
    given = [f"{name} {value}" for name, value in found["options"].items()]
    if given:
        lines.append("with " + ", ".join(given))
    lines += [
        f"batch {batch['id']} can be replaced: {counted(batch['rows'], 'row')}, newest day "
        f"{batch['newest_day'] or 'none'}"
        for batch in found["batches"]
    ]
    standing = ", ".join(map(str, found["generations"]))
    return [*lines, f"generations that stand: {standing}"]
