"""`rfm tiers`: membership tiers along the dates of a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfm_engine.options.groups import KeptOptions, TierOptions

from .columns import column_lines
from .options import AsJson, Given, Quiet, check_place, takes
from .scored import print_object
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.history.tiers import Chain
    from rfm_engine.movement.tier_files import TierProgram


@takes(TierOptions, compared=KeptOptions)
def tiers(
    place: Annotated[str, typer.Argument(metavar="HISTORY", help="Folder of a history.")],
    *,
    options: Given,
    tiers: Annotated[
        str,
        typer.Option("--tiers", metavar="FILE.toml", help="The tiers: thresholds and validity."),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .parquet, .arrow, .csv or .csv.gz file, a directory, or - for stdout.",
        ),
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compute membership tiers along a history, and write those of its newest date.

    Example: rfm tiers history --tiers plus.toml -o tiers.parquet
    """
    check_place(output, options, as_json=as_json)
    from rfm_engine import History
    from rfm_engine.history.tiers import write_tiers
    from rfm_engine.movement.tier_files import load_tiers
    from rfm_engine.movement.tier_linter import findings

    program = load_tiers(tiers)
    notes = [each.text for each in findings(program)]
    opened = History.open(place)
    opened.refuse_typed(options.compared)
    found = write_tiers(opened, program, tiers, output, options.all)
    if not quiet:
        for note in notes:
            typer.echo(printable(f"note: {tiers}: {note}"), err=True)
    if as_json:
        print_object(_summary(found, program) | {"notes": notes})
    elif not quiet:
        for line in _lines(found, program):
            typer.echo(printable(line), err=output == "-")
        written = f"{counted(found.table.num_rows, 'member')} in {printable(output)}"
        typer.echo(written, err=output == "-")


def _summary(found: Chain, program: TierProgram) -> dict[str, Any]:
    newest = found.steps[-1]
    return {
        "tiers": program.name,
        "as_of": newest.as_of,
        "before": newest.before,
        "window": program.window,
        "measure": program.measure,
        "members": found.table.num_rows,
        "levels": found.counts(program),
        "dates": [step.as_of for step in found.steps],
        "computed": found.computed,
        "file_changed": found.is_changed,
        "snapshots_changed": found.changed,
    }


def _lines(found: Chain, program: TierProgram) -> list[str]:
    newest, n_computed = found.steps[-1], len(found.computed)
    total = f"; {program.measure} after {newest.before}" if newest.before else ""
    lines = [f"{program.name} as of {newest.as_of}{total}"]
    rows = [("tier", "from", "members", "qualify", "in grace")]
    rows += [
        (
            each["tier"],
            each["threshold"],
            *(f"{each[n]:,}" for n in ("members", "qualified", "in_grace")),
        )
        for each in reversed(found.counts(program))
    ]
    lines += column_lines(rows, [True, False, False, False, False])
    done = f"computed {n_computed} of {counted(len(found.steps), 'date')}"
    lines.append(", because ".join([done, *_reason(found)]))
    return lines


def _reason(found: Chain) -> list[str]:
    """Return why stored dates were computed again; an empty list if none was."""
    causes = ["the file of tiers has changed"] if found.is_changed else []
    match found.changed:
        case []:
            pass
        case [day]:
            causes.append(f"the snapshot of {day} was replaced or added")
        case days:
            causes.append(f"the snapshots of {len(days):,} dates were replaced or added")
    return [" and ".join(causes)] if causes else []
