"""Print and write events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from .columns import column_lines
from .outcome import print_warnings
from .words import counted, printable

if TYPE_CHECKING:
    import pyarrow as pa

_LACKS = {
    "window": "because of --window",
    "asleep": "because the scheme does not say which segments are asleep",
    "birthday": "without --birthday",
    "touches": "without --touches",
    "rows": "without --rows",
    "tiers": "without the tiers of rfm tiers",
    "old_tiers": "because the tiers of {} are older than its snapshot; run rfm tiers first",
}


def print_events(
    table: pa.Table, log: str | None, output: str | None, *, as_json: bool, quiet: bool
) -> None:
    """Write events to a file, and print their numbers by type or a JSON object.

    `log` is what happened to the log; None if it was not to be written.
    """
    from rfm_engine.movement.event_table import METADATA_KEY
    from rfm_engine.output import write

    if output is not None:
        write(table.to_reader(), table.schema, output)
    about: dict[str, Any] = json.loads(table.schema.metadata[METADATA_KEY])
    found = {row["values"]: row["counts"] for row in table["type"].value_counts().to_pylist()}
    counts = dict(sorted(found.items()))
    if not quiet:
        print_warnings(about["warnings"])
        _print_left_out(about["left_out"], about["as_of_to"])
    if as_json:
        summary = {
            "from": about["as_of_from"], "to": about["as_of_to"], "events": len(table),
            "types": counts, "log": log, "left_out": about["left_out"],
            "warnings": about["warnings"],
        }  # fmt: skip
        typer.echo(json.dumps(summary))
    elif not quiet:
        for line in _lines(about, counts, log):
            typer.echo(printable(line), err=output == "-")
        if output not in (None, "-"):
            typer.echo(printable(f"events in {output}"))


def _print_left_out(left_out: Mapping[str, str], day: str) -> None:
    by_lack: dict[str, list[str]] = {}
    for name, lack in left_out.items():
        by_lack.setdefault(lack, []).append(name)
    parts = [f"{', '.join(names)} {_LACKS[lack].format(day)}" for lack, names in by_lack.items()]
    if parts:
        typer.echo(f"left out: {'; '.join(parts)}", err=True)


def _lines(about: Mapping[str, Any], counts: Mapping[str, int], log: str | None) -> list[str]:
    first, last = about["as_of_from"], about["as_of_to"]
    lines = [f"{counted(sum(counts.values()), 'event')} from {first} to {last}"]
    if first is None:
        lines = [f"no events: {last} is the first date, and nothing is known of the time before"]
    lines += column_lines([(name, f"{n:,}") for name, n in counts.items()], [True, False])
    return lines if log is None else [*lines, f"log of {last}: {log}"]
