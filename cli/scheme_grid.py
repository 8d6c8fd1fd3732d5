"""Print schemes: rules, a coloured grid of r by f, and the differences between two schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .words import printable, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console
    from rich.table import Table

    from rfm_engine.segments.scheme import Scheme

_COLOURS = (
    "green", "cyan", "blue", "magenta", "yellow", "red", "bright_green", "bright_cyan",
    "bright_blue", "bright_magenta", "bright_yellow",
)  # fmt: skip
_INDENT = " " * 5
_BETWEEN = 3
"""Width of the line and the blanks between two cells of a grid."""


class _Grid(NamedTuple):
    """Segments by number: rows of r, best first, and columns of f or of the mean of f and m."""

    title: str | None
    head: list[str]
    rows: list[list[int]]


def print_scheme(console: Console, scheme: Scheme) -> None:
    """Print how a scheme scores, its rules and, unless it uses raw measures, its grid."""
    from rich.text import Text

    from rfm_engine.result.explanation import rule_text

    def say(text: str, *, first: str = _INDENT, further: str = _INDENT) -> None:
        for line in wrapped(printable(text), console.width, first=first, further=further):
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    for line in [f"{scheme.name}: {scheme.title}", *_head(scheme)]:
        say(line, first="", further="  ")
    console.print()
    for number, segment in enumerate(scheme.segments):
        words = Text(f"{number + 1:>3}  ")
        words.append(segment.name, _colour(number))
        rule = rule_text(scheme, segment)
        fits = words.cell_len + len(rule) + 2 <= console.width
        console.print(words.append(f"  {rule}", "dim") if fits else words, soft_wrap=True)
        for text in (None if fits else rule, segment.about, segment.action):
            if text is not None:
                say(text)
    if scheme.has_otherwise:
        console.print(Text(f"  -  {scheme.otherwise}").append("  otherwise", "dim"), soft_wrap=True)
        for text in (scheme.otherwise_about, scheme.otherwise_action):
            if text is not None:
                say(text)
    if not scheme.is_raw:
        _print_grids(console, scheme)


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
    if scheme.asleep:
        yield f"asleep: {', '.join(scheme.asleep)}"


def _print_grids(console: Console, scheme: Scheme) -> None:
    """Print grids with segment names, or with numbers if there is no room for names."""
    from rich.text import Text

    grids = list(_grids(scheme))
    for name in (_name, _short):
        texts = [[[name(scheme, n) for n in row] for row in grid.rows] for grid in grids]
        widths = [
            _widths(grid.head, text, console.width) for grid, text in zip(grids, texts, strict=True)
        ]
        if None not in widths and (name is _short or len(grids) == 1):
            break
    else:
        console.print("The grid needs a wider terminal.")
        return
    for grid, text, width in zip(grids, texts, widths, strict=True):
        if grid.title is not None:  # The title of a table would have blanks after it.
            console.print(Text(grid.title, "italic"))
        console.print(_table(grid, text, width or [], scheme))
    if name is _short:
        rest = f"; - is {scheme.otherwise}" if scheme.has_otherwise else ""
        said = f"The numbers in the grid are those of the list above{rest}."
        for line in wrapped(printable(said), console.width, further=""):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _widths(head: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the width of each column so that lines break between words; None if none fits."""
    from rich.cells import cell_len

    columns = [[title, *cells] for title, *cells in zip(head, *rows, strict=True)]
    least = [max(cell_len(word) for cell in column for word in cell.split()) for column in columns]
    widths = [max(map(cell_len, column)) for column in columns]
    room -= len("│ r 1 │") + _BETWEEN * len(columns)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        _, widest = max((w, i) for i, w in enumerate(widths) if w > least[i])
        widths[widest] -= 1
    return widths


def _grids(scheme: Scheme) -> Iterator[_Grid]:
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
        yield _grid(layout, columns, None)
        return
    alike = bool((layout == layout[:, :, :1]).all())
    for m in range(1 if alike else bins.m):
        columns = [(f"f {f + first}", f, m) for f in range(bins.f)]
        yield _grid(layout, columns, None if alike else f"m {m + first}")


def _grid(layout: Any, columns: list[tuple[str, int, int]], title: str | None) -> _Grid:
    rows = [[int(layout[r, f, m]) for _, f, m in columns] for r in reversed(range(len(layout)))]
    return _Grid(title, [head for head, _, _ in columns], rows)


def _table(grid: _Grid, texts: list[list[str]], widths: list[int], scheme: Scheme) -> Table:
    """Draw a grid with a text for each cell, in the colour of its segment."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SQUARE, show_lines=True)
    table.add_column("")
    for head, width in zip(grid.head, widths, strict=True):
        table.add_column(head, justify="center", width=width)
    best = scheme.first_score + len(grid.rows) - 1
    for n, (numbers, row) in enumerate(zip(grid.rows, texts, strict=True)):
        cells = [Text(text, _colour(number)) for number, text in zip(numbers, row, strict=True)]
        table.add_row(Text(f"r {best - n}"), *cells)
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
