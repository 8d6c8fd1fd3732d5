"""What a command says in the end: a table or a JSON object on stdout, warnings on stderr."""

from __future__ import annotations

import datetime
import json
from typing import Any

import typer

from .words import counted

_EASTERNMOST = datetime.timezone(datetime.timedelta(hours=14))


def print_json(summary: dict[str, Any], peak_memory_bytes: int) -> None:
    """Print the summary as the one JSON object of the contract."""
    *head, options = summary
    whole = {key: summary[key] for key in head} | {"peak_memory_bytes": peak_memory_bytes}
    typer.echo(json.dumps(whole | {options: summary[options]}))


def print_table(summary: dict[str, Any], peak_memory_bytes: int, output: str) -> None:
    """Print the summary for people; on stderr where stdout carries the customers."""
    from rich.console import Console

    from .table import print_summary

    console = Console(stderr=output == "-")
    print_summary(console, summary)
    place = "stdout" if output == "-" else output
    seconds = summary["seconds"]["total"]
    note = f"{place} in {seconds:.2f} s, {peak_memory_bytes / 2**20:,.0f} MiB"
    console.print(note, highlight=False, markup=False, soft_wrap=True)


def print_warnings(summary: dict[str, Any], *, newest: bool) -> None:
    """Say on stderr what in a result a careful reader would ask about."""
    # A date lies in the future where no zone on earth has reached it.
    today = datetime.datetime.now(_EASTERNMOST).date().isoformat()
    if newest and summary["as_of"] and summary["as_of"] > today:
        _warn(
            f"as_of {summary['as_of']}, the date of the newest row, lies in the future. "
            "Give --as-of to leave such rows out."
        )
    if rounded := summary["amounts_rounded"]:
        _warn(
            f"{counted(rounded, 'amount')} had more digits than the scale and "
            f"{'was' if rounded == 1 else 'were'} rounded half-even. Raise --amount-scale to "
            "keep them."
        )


def _warn(message: str) -> None:
    typer.echo(f"warning: {message}", err=True)
