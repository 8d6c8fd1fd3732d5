"""`rfm schemes`: list, show, check and compare segment schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .completion import scheme_names
from .exits import Misuse
from .parameters import Command, Group
from .words import counted

if TYPE_CHECKING:
    from rfm_engine.segments.scheme import Scheme

_SCHEME = typer.Argument(
    metavar="NAME|FILE.toml", help="Name from `rfm schemes list`, or a file.",
    autocompletion=scheme_names,
)  # fmt: skip

schemes = typer.Typer(
    cls=Group, context_settings={"help_option_names": ["-h", "--help"]}, add_completion=False
)


@schemes.callback(invoke_without_command=True)
def all_schemes(context: typer.Context) -> None:
    """List, show, check and compare segment schemes."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@schemes.command("list", cls=Command)
def list_schemes() -> None:
    """List the schemes that come with rfm-engine."""
    from rfm_engine.segments.catalogue import load_scheme
    from rfm_engine.segments.schemes import shipped_schemes

    for name in shipped_schemes():
        typer.echo(f"{name:<16} {load_scheme(name).title}")


@schemes.command(cls=Command)
def show(scheme: Annotated[str, _SCHEME]) -> None:
    """Show a scheme: how it scores, its rules, and the grid of r by f."""
    from rich.console import Console

    from rfm_engine.segments.catalogue import load_scheme

    from .scheme_grid import print_scheme

    print_scheme(Console(), load_scheme(scheme))


@schemes.command(cls=Command)
def lint(scheme: Annotated[str, _SCHEME]) -> None:
    """Check a scheme for uncovered scores, unreachable segments, overlaps, useless conditions."""
    from rfm_engine.segments.catalogue import load_scheme
    from rfm_engine.segments.linter import lint as check

    loaded = load_scheme(scheme)
    findings = check(loaded)
    for finding in findings:
        place = scheme if finding.line is None else f"{scheme}:{finding.line}"
        typer.echo(f"{place}: {'error' if finding.error else 'note'}: {finding.text}")
    n_errors = sum(finding.error for finding in findings)
    if n_errors:
        raise Misuse(
            f"scheme {scheme} must cover all scores and have no unreachable segments; "
            f"got {counted(n_errors, 'error')}. Fix the errors that stdout lists."
        )
    typer.echo(f"{scheme}: {counted(len(loaded.segments), 'segment')}, no errors")


@schemes.command(cls=Command)
def diff(one: Annotated[str, _SCHEME], other: Annotated[str, _SCHEME]) -> None:
    """List the scores that have different segments in two schemes."""
    from rfm_engine.segments.catalogue import load_scheme

    from .scheme_grid import differences

    a, b = load_scheme(one), load_scheme(other)
    if a.bins != b.bins or a.first_score != b.first_score:
        raise Misuse(
            f"schemes must have the same scores to be compared; got {_scores(a)} in {one}, "
            f"{_scores(b)} in {other}."
        )
    if a.is_raw or b.is_raw:
        raise Misuse("schemes must decide by scores to be compared; one uses raw measures.")
    changes = differences(a, b)
    for before, after, codes in changes:
        typer.echo(f"{before} -> {after}: {counted(len(codes), 'cell')}, {' '.join(codes)}")
    if not changes:
        typer.echo("no cell changes its segment")


def _scores(scheme: Scheme) -> str:
    first = scheme.first_score
    return ", ".join(f"{axis} {first}-{first + n - 1}" for axis, n in scheme.bins.items())
