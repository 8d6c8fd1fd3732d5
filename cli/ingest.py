"""`rfm ingest`: add order files to a state, each file once."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfm_engine.options.running import RunningOptions

from .memory import Memory
from .options import Given, takes
from .outcome import print_warnings, typed_warnings
from .progress import progress_bar
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine import Ingested
    from rfm_engine.state.manifest import Account
    from rfm_engine.totals.aggregation import Progress


@takes(RunningOptions)
def ingest(
    state: Annotated[
        str, typer.Argument(metavar="STATE", help="Folder of a state, see `rfm state create`.")
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Orders, as for `rfm score`, or delta:PATH[@VERSION | @FROM..TO].",
        ),
    ],
    *,
    options: Given,
    batch_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Id of the batch; default: a hash of the file contents."),
    ] = None,
    replace_batch: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Id of a batch to replace; `rfm state show` lists them."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print only errors.")] = False,
) -> None:
    """Add orders to a state in one step; inputs that were ingested before are skipped.

    Each version of a Delta table is a batch. delta:PATH@41..47 adds what these versions have added.
    delta:PATH adds the whole table the first time, and later its new versions, up to VERSION.
    """
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine import State

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        done = State.open(state).ingest(
            inputs, batch_id=batch_id, replace_batch=replace_batch,
            progress=report if tell else None, **options.all,
        )  # fmt: skip
    if not quiet:
        print_warnings(typed_warnings(done.warnings))
    if as_json:
        typer.echo(json.dumps(_as_json(done) | {"peak_memory_bytes": memory.peak}))
    elif not quiet:
        for line in _lines(done, state):
            typer.echo(printable(line))


def _as_json(done: Ingested) -> dict[str, Any]:
    return {
        "generation": done.generation,
        "batch": done.batch,
        "rows": _account(done.rows),
        "amounts_rounded": done.rows.amounts_rounded,
        "skipped": done.skipped,
        "batches": [
            {"batch": batch, "rows": _account(rows)} for batch, rows in done.batches.items()
        ],
        "without_rows": done.without_rows,
        "gaps": [*done.gaps],
        "warnings": typed_warnings(done.warnings),
    }


def _account(rows: Account) -> dict[str, Any]:
    return {
        "read": rows.read, "counted": rows.counted, "dropped": rows.dropped,
        "too_late": rows.too_late,
    }  # fmt: skip


def _lines(done: Ingested, state: str) -> list[str]:
    lines = [
        f"{name}: already ingested in batch {batch}, skipped"
        for name, batch in done.skipped.items()
    ]
    for name, operation in done.without_rows.items():
        lines.append(f"{name}: {operation or 'this version'} added no rows, skipped")
    for gap in done.gaps:
        adding = shlex.join(["rfm", "ingest", state, gap])
        lines.append(f"{gap}: in no batch; add it with {adding}")
    if done.batch is None:
        return [*lines, f"nothing to add; the state stays at generation {done.generation}"]
    several = len(done.batches) > 1
    if several:
        lines += [f"batch {batch}: {_added(rows)}" for batch, rows in done.batches.items()]
    what = f"{len(done.batches):,} batches" if several else f"batch {done.batch}"
    lines.append(f"{what}: {_added(done.rows)}; the state is at generation {done.generation}")
    dropped = [f"{n:,} {reason}" for reason, n in done.rows.dropped.items() if n]
    if done.rows.too_late:
        dropped.append(f"{done.rows.too_late:,} too_late")
    return lines + (["dropped: " + ", ".join(dropped)] if dropped else [])


def _added(rows: Account) -> str:
    return f"{rows.counted:,} of {counted(rows.read, 'row')} added"
