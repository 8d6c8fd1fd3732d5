"""`rfm normalize`: read order files, write the counted rows in canonical columns."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rfm_engine.options.groups import RowFileOptions

from .memory import Memory
from .options import NEWEST, AsJson, Given, Quiet, check_place, takes
from .outcome import print_json, print_warnings, warnings_of
from .progress import progress_bar
from .words import as_of_words, counted, printable

if TYPE_CHECKING:
    from rfm_engine import NormalizedRows
    from rfm_engine.totals.aggregation import Progress


@takes(RowFileOptions)
def normalize(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Orders, as for `rfm score`.")
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
    *,
    options: Given,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the counted rows for your own SQL.

    They have amounts in minor units, exact times and calendar days.
    """
    check_place(output, options, as_json=as_json)
    began = time.perf_counter()
    with Memory() as memory, progress_bar(memory, quiet=quiet) as tell:
        from rfm_engine.normalize import write_normalized

        def report(at: Progress) -> None:
            if tell:
                tell(at.stage, at.rows, at.total_rows, at.customers)

        rows = write_normalized(inputs, output, progress=report if tell else None, **options.all)
    seconds = time.perf_counter() - began
    warnings = warnings_of(rows, newest=options.all["as_of"] == NEWEST)
    if not quiet:
        print_warnings(warnings)
    if as_json:
        print_json(_summary(rows, warnings, seconds), memory.peak)
    elif not quiet:
        place = "stdout" if output == "-" else output
        for line in _lines(rows):
            typer.echo(printable(line), err=output == "-")
        note = f"{place} in {seconds:.2f} s, {memory.peak / 2**20:,.0f} MiB"
        typer.echo(printable(note), err=output == "-")


def _summary(
    rows: NormalizedRows, warnings: list[dict[str, str]], seconds: float
) -> dict[str, Any]:
    from rfm_engine.orders.stream import METADATA_KEY

    about: dict[str, Any] = json.loads(rows.schema.metadata[METADATA_KEY])
    options, account = about.pop("options"), rows.rows
    return about | {
        "rows": {"read": account.read, "counted": account.counted, "dropped": account.dropped},
        "amounts_rounded": account.amounts_rounded,
        "warnings": warnings,
        "seconds": {"total": seconds},
        "options": options,
    }


def _lines(rows: NormalizedRows) -> list[str]:
    account = rows.rows
    lines = [f"{account.counted:,} of {counted(account.read, 'row')}{as_of_words(rows.as_of)}"]
    dropped = [f"{n:,} {reason}" for reason, n in account.dropped.items() if n]
    return lines + (["dropped: " + ", ".join(dropped)] if dropped else [])
