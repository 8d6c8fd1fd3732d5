"""Print the result of a command: a table or a JSON object on stdout, warnings on stderr."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import typer

from .words import printable

if TYPE_CHECKING:
    from rfm_engine import NormalizedRows, Result
    from rfm_engine.clv.result import ClvResult
    from rfm_engine.orders.warnings import DataWarning
    from rfm_engine.spark import SparkResult

_EASTERNMOST = datetime.timezone(datetime.timedelta(hours=14))


def print_json(summary: dict[str, Any], peak_memory_bytes: int) -> None:
    """Print the summary as one JSON object, with `options` last."""
    *head, options = summary
    whole = {key: summary[key] for key in head} | {"peak_memory_bytes": peak_memory_bytes}
    typer.echo(json.dumps(whole | {options: summary[options]}))


def print_table(
    result: Result | SparkResult, seconds: float, peak_memory_bytes: int, output: str | None
) -> None:
    """Print the result as text; on stderr if the customers go to stdout."""
    from rich.console import Console

    from .table import print_summary

    console = Console(stderr=output == "-")
    print_summary(console, result.summary(), cuts=result.cuts_matter)
    note = f"{seconds:.2f} s, {peak_memory_bytes / 2**20:,.0f} MiB"
    place = {None: "done", "-": "stdout"}.get(output, output)
    note = f"{place} in {note}"
    console.print(note, highlight=False, markup=False, soft_wrap=True)


def warnings_of(
    result: Result | SparkResult | NormalizedRows | ClvResult, *, newest: bool
) -> list[dict[str, str]]:
    """Return the warnings of a result, and one more if its newest row is in the future."""
    found = typed_warnings(result.warnings)
    if not newest or result.as_of is None or result.as_of <= today():
        return found
    text = (
        f"the date of analysis {result.as_of}, the date of the newest row, is in the future. "
        "Give --as-of to drop such rows."
    )
    return [{"code": "as_of_in_future", "text": text}, *found]


def today() -> datetime.date:
    """Return the date of today; later dates are in the future in every time zone."""
    return datetime.datetime.now(_EASTERNMOST).date()


def typed_warnings(warnings: Iterable[DataWarning]) -> list[dict[str, str]]:
    """Return warnings as code and text, with options named as on the command line."""
    from rfm_engine.errors import typed

    return [{"code": each.code, "text": typed(each.text)} for each in warnings]


def print_warnings(warnings: Iterable[Mapping[str, str]]) -> None:
    """Print warnings on stderr."""
    for each in warnings:
        typer.echo(f"warning: {printable(each['text'])}", err=True)
