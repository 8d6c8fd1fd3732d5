"""Print schemes: rules, a coloured grid of r by f, and the differences between two schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table

    from rfm_engine.segments.scheme import Scheme

_COLOURS = (
    "green", "cyan", "blue", "magenta", "yellow", "red", "bright_green", "bright_cyan",
    "bright_blue", "bright_magenta", "bright_yellow",
)  # fmt: skip
# A grid with more columns has no room for segment names.
_FEW = 6


def print_scheme(console: Console, scheme: Scheme) -> None:
    """Print how a scheme scores, its rules and, unless it uses raw measures, its grid."""
    from rich.text import Text

    from rfm_engine.result.explanation import rule_text

    console.print(f"{scheme.name}: {scheme.title}", highlight=False, markup=False)
    for line in _head(scheme):
        console.print(line, highlight=False, markup=False)
    console.print()
    for number, segment in enumerate(scheme.segments):
        words = Text(f"{number + 1:>3}  ")
        words.append(segment.name, _colour(number))
        words.append(f"  {rule_text(scheme, segment)}", "dim")
        console.print(words, soft_wrap=True)
        for text in (segment.about, segment.action):
            if text is not None:
                console.print(f"     {printable(text)}", highlight=False, markup=False)
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
    """Yield the grids: r by f, r by the mean of f and m, or r by f for each m if m matters."""
    from rfm_engine.scoring.cells import Bins

    bins = Bins(*(scheme.bins[axis] for axis in ("r", "f", "m")))
    layout = scheme.layout(bins).reshape(bins)
    first = scheme.first_score
    named = {axis for segment in scheme.segments for axis in segment.ranges}
    coded = any(segment.codes for segment in scheme.segments)
    if "fm" in named and named <= {"r", "fm"} and not coded and bins.f == bins.m:
        # All pairs of f and m with the same mean have the same segment, so use one of them.
        halves = range(0, 2 * bins.f - 1, 1 if scheme.fm == "exact" else 2)
        columns = [(f"fm {half / 2 + first:g}", (half + 1) // 2, half // 2) for half in halves]
        yield _grid(scheme, layout, columns, None)
        return
    alike = bool((layout == layout[:, :, :1]).all())
    for m in range(1 if alike else bins.m):
        columns = [(f"f {f + first}", f, m) for f in range(bins.f)]
        yield _grid(scheme, layout, columns, None if alike else f"m {m + first}")


def _grid(
    scheme: Scheme, layout: Any, columns: list[tuple[str, int, int]], title: str | None
) -> Table:
    """Draw r by columns of f and m, with segment names, or numbers if there is no room."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SQUARE, show_lines=True, title=title)
    table.add_column("")
    for head, _, _ in columns:
        table.add_column(head, justify="center")
    for r in reversed(range(len(layout))):
        cells = [Text(f"r {r + scheme.first_score}")]
        for _, f, m in columns:
            number = int(layout[r, f, m])
            name = _name if title is None and len(columns) <= _FEW else _short
            cells.append(Text(name(scheme, number), _colour(number)))
        table.add_row(*cells)
    return table


def _name(scheme: Scheme, number: int) -> str:
    return scheme.segments[number].name if number < len(scheme.segments) else scheme.otherwise


def _short(scheme: Scheme, number: int) -> str:
    return str(number + 1) if number < len(scheme.segments) else "-"


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def differences(one: Scheme, other: Scheme) -> list[tuple[str, str, list[str]]]:
    """Return, for each pair of different segments, the scores that the schemes assign to them.

    Each tuple has the segment of `one`, the segment of `other`, and the score codes. Both schemes
    must have the same bins.
    """
    from rfm_engine.scoring.cells import Bins
    from rfm_engine.segments.linter import codes_of

    bins = Bins(*(one.bins[axis] for axis in ("r", "f", "m")))
    before, after = (scheme.layout(bins).reshape(bins) for scheme in (one, other))
    found = []
    for a in np.unique(before).tolist():
        for b in np.unique(after).tolist():
            cells = (before == a) & (after == b)
            if cells.any() and _name(one, a) != _name(other, b):
                found.append((_name(one, a), _name(other, b), codes_of(one, cells)))
    return found
