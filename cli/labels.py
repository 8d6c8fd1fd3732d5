"""`rfm labels`: list, show and check labels."""

from __future__ import annotations

from typing import Annotated

import typer

from .exits import Misuse
from .parameters import Command, Group
from .words import counted, printable

_LABEL = typer.Argument(metavar="NAME|FILE.toml", help="Name of a label, or a file.")
labels = typer.Typer(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False
)


@labels.callback(invoke_without_command=True)
def all_labels(context: typer.Context) -> None:
    """List, show and check the definitions of labels, which `rfm label` adds to customers."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@labels.command("list", cls=Command)
def list_labels() -> None:
    """List the labels that come with rfm-engine."""
    from rfm_engine.insight.label_files import load_label
    from rfm_engine.insight.labels import shipped_labels

    width = max(map(len, shipped_labels())) + 2
    for name in shipped_labels():
        typer.echo(f"{name:<{width}}{load_label(name).title}")


@labels.command(cls=Command)
def show(label: Annotated[str, _LABEL]) -> None:
    """Show a label: what it measures, its levels, and its SQL."""
    from rfm_engine.insight.label_files import load_label
    from rfm_engine.insight.label_text import label_lines

    for line in label_lines(load_label(label)):
        typer.echo(printable(line))


@labels.command(cls=Command)
def lint(
    label: Annotated[str, _LABEL],
    scheme: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE.toml", help="Check treatments against its segments."),
    ] = None,
) -> None:
    """Check a label: its metric, unknown keys, levels and thresholds, treatments of segments."""
    from rfm_engine.insight.label_files import load_label
    from rfm_engine.insight.label_linter import findings

    segments = None
    if scheme is not None:
        from rfm_engine.segments.catalogue import load_scheme

        segments = tuple(segment.name for segment in load_scheme(scheme).segments)
    found = list(findings(load_label(label), segments))
    for each in found:
        kind = "error" if each.error else "note"
        typer.echo(printable(f"{label}: {kind}: {each.text}"))
    n_errors = sum(each.error for each in found)
    if n_errors:
        raise Misuse(
            f"label {label!r} must have no errors; got {counted(n_errors, 'error')}. "
            "Fix what stdout lists."
        )
    typer.echo(f"{printable(label)}: {'no errors' if found else 'nothing found'}")
