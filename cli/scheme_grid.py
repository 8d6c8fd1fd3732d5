"""Schemes as people see them: a coloured grid of r by f, rules, and what two schemes do apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from rfm_engine.segments.scheme import Scheme

_COLOURS = (
    "green", "cyan", "blue", "magenta", "yellow", "red", "bright_green", "bright_cyan",
    "bright_blue", "bright_magenta", "bright_yellow",
)  # fmt: skip


def print_scheme(console: Console, scheme: Scheme) -> None:
    """Print how a scheme scores, its rules and, as far as scores decide, its grid."""
    from rich.text import Text

    from rfm_engine.explain import rule_text

    console.print(f"{scheme.name}: {scheme.title}", highlight=False, markup=False)
    for line in _head(scheme):
        console.print(line, highlight=False, markup=False)
    console.print()
    for number, segment in enumerate(scheme.segments):
        words = Text(f"{number + 1:>3}  ")
        words.append(segment.name, _colour(number))
        words.append(f"  {rule_text(scheme, segment)}", "dim")
        console.print(words, soft_wrap=True)
    if scheme.has_otherwise:
        console.print(f"     otherwise {scheme.otherwise}", highlight=False, markup=False)
    if not scheme.is_raw:
        for grid in _grids(scheme):
            console.print(grid)


def _head(scheme: Scheme) -> Iterator[str]:
    for axis in ("r", "f", "m"):
        cuts = scheme.cuts.get(axis)
        at = f" at {', '.join(map(str, cuts))}" if cuts else ""
        yield f"{axis}: {scheme.bins[axis]} bins by {scheme.method[axis]}{at}"
    if scheme.match != "first":
        yield f"the {scheme.match} rule wins"
    if any("fm" in segment.ranges for segment in scheme.segments):
        rounded = {"exact": "not rounded", "floor": "rounded down", "ceil": "rounded up"}
        yield f"fm is the mean of f and m, {rounded[scheme.fm]}"
    if scheme.options:
        yield ", ".join(f"--{option} {value}" for option, value in scheme.options.items())


def _grids(scheme: Scheme) -> Iterator[Table]:
    """Yield the grid, one for each m where that plays a part."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from rfm_engine.score.cells import Bins

    bins = Bins(*(scheme.bins[axis] for axis in ("r", "f", "m")))
    layout = scheme.layout(bins).reshape(bins)
    first = scheme.first_score
    alike = bool((layout == layout[:, :, :1]).all())
    for m in range(1 if alike else bins.m):
        table = Table(box=box.SQUARE, show_lines=True, title=None if alike else f"m {m + first}")
        table.add_column("")
        for f in range(bins.f):
            table.add_column(f"f {f + first}", justify="center")
        for r in reversed(range(bins.r)):
            cells = [Text("r " + str(r + first))]
            for f in range(bins.f):
                number = int(layout[r, f, m])
                name = _name(scheme, number) if alike else _short(scheme, number)
                cells.append(Text(name, _colour(number)))
            table.add_row(*cells)
        yield table


def _name(scheme: Scheme, number: int) -> str:
    return scheme.segments[number].name if number < len(scheme.segments) else scheme.otherwise


def _short(scheme: Scheme, number: int) -> str:
    return str(number + 1) if number < len(scheme.segments) else "-"


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def differences(one: Scheme, other: Scheme) -> list[tuple[str, str, list[str]]]:
    """Return for each pair of segments the scores of customers that change from one to the other.

    Both have the same bins.
    """
    from rfm_engine.score.cells import Bins
    from rfm_engine.segments.lint import codes_of

    bins = Bins(*(one.bins[axis] for axis in ("r", "f", "m")))
    before, after = (scheme.layout(bins).reshape(bins) for scheme in (one, other))
    found = []
    for a in np.unique(before).tolist():
        for b in np.unique(after).tolist():
            cells = (before == a) & (after == b)
            if cells.any() and _name(one, a) != _name(other, b):
                found.append((_name(one, a), _name(other, b), codes_of(one, cells)))
    return found
