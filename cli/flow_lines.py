"""What `rfm flows` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from .columns import column_lines
from .exits import Misuse
from .scored import print_object
from .words import counted, printable

if TYPE_CHECKING:
    from rfm_engine.activation.flows.outcome import FlowRun

_HEADS = ("flow", "matching", "excluded", "no consent", "waiting", "treated", "held out")
_EXCLUDED = ("unless", "control")
_NO_CONSENT = ("suppressed", "no_consent")
_WAITING = ("cooldown", "max_times", "sent", "outranked", "capped")


def print_findings(files: Sequence[str]) -> None:
    """Print what the linter finds in flows, and refuse them if there are errors."""
    from rfm_engine.activation.flows.catalogue import load_flows
    from rfm_engine.activation.flows.linter import lint
    from rfm_engine.activation.flows.presets import shipped_flows

    loaded = load_flows(files)
    findings = lint(loaded, known=[*shipped_flows()])
    for each in findings:
        typer.echo(printable(f"{'error' if each.error else 'note'}: {each.text}"))
    n_errors = sum(each.error for each in findings)
    if n_errors:
        raise Misuse(
            f"flows must have no errors; got {counted(n_errors, 'error')}. Fix what stdout lists."
        )
    typer.echo(f"{counted(len(loaded), 'flow')}, no errors")


def print_run(found: FlowRun, output: str | None, *, as_json: bool, quiet: bool) -> None:
    """Print who entered which flow, as a table or a JSON object."""
    if not quiet:
        for warning in found.warnings:
            typer.echo(f"warning: {warning}", err=True)
    if as_json:
        print_object(found.summary())
    elif not quiet:
        for line in _lines(found):
            typer.echo(printable(line), err=output == "-")
        if output not in (None, "-"):
            typer.echo(printable(f"{_entries(len(found.table))} in {output}"))


def _lines(found: FlowRun) -> Iterator[str]:
    active = [each for each in found.flows if each["matching"]]
    n_quiet = len(found.flows) - len(active)
    yield f"flows as of {found.as_of}: {counted(len(found.flows), 'flow')} active"
    rows = [_HEADS]
    for each in active:
        numbers = [
            each["matching"],
            sum(each[name] for name in _EXCLUDED),
            sum(each[name] for name in _NO_CONSENT),
            sum(each[name] for name in _WAITING),
            each["treated"],
            each["holdout"],
        ]
        rows.append((each["name"], *(f"{n:,}" for n in numbers)))
    if active:
        yield from column_lines(rows, [True, *[False] * (len(_HEADS) - 1)], ruled=True)
    if n_quiet:
        yield f"{counted(n_quiet, 'active flow')} without customers"
    if found.inactive:
        yield from column_lines([("inactive", "because"), *found.inactive.items()], [True, True])
    yield f"log of {found.as_of}: {found.log}"


def _entries(n: int) -> str:
    return "1 entry" if n == 1 else f"{n:,} entries"
