"""The colours of a report, light and dark.

Charts are drawn once, with the light colours. In the dark, the style sheet of the page replaces
each light value by its dark one, so two roles never share a light value: where both look white,
they differ in the last digit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from rfm_engine.reporting.drawing.contrast import READABLE, contrast


class Role(NamedTuple):
    """A colour as `#rrggbb`: in charts and on the light page, and on the dark page."""

    light: str
    dark: str


class Fill(NamedTuple):
    """The colour of an area, and the colour of text on it."""

    light: str
    dark: str
    ink: Role


class PageColours(NamedTuple):
    """The colours of a report, except for segments and steps.

    Parameters
    ----------
    background
        Behind the cards.
    card
        Behind text and charts, between the cells of a chart, and around text on lines.
    border
        Around cards and tables.
    text
        Text, frames and whiskers.
    muted
        Text of less weight: captions, axes.
    accent
        Links, focus rings, the chosen tab.
    warm
        Marks to see first, and text beside them: cut points, the best 20% of the customers.
    grid
        Grid lines, and the track behind a bar in a table.
    bar
        Bars and curves that belong to no segment.
    beyond
        The bar of everything beyond an axis.
    faint
        Cells of few customers.
    """

    background: Role
    card: Role
    border: Role
    text: Role
    muted: Role
    accent: Role
    warm: Role
    grid: Role
    bar: Role
    beyond: Role
    faint: Role


@cache
def page_colours() -> PageColours:
    """Return the colours of a report, except for segments and steps."""
    return PageColours(**{name: Role(**role) for name, role in _theme()["page"].items()})


@cache
def heat_steps() -> tuple[Fill, ...]:
    """Return the seven steps of a heat map, from few to many."""
    return tuple(_fill(**step) for step in _theme()["steps"])


def segment_colours(n: int) -> list[Fill]:
    """Return the colours of the segments of a scheme, best first.

    The best segment is blue and the last one is grey. Neighbours differ most, also for colour-blind
    readers.

    Parameters
    ----------
    n
        The number of segments in the scheme, 1 to 64.
    """
    shown = [_fill(each["light"], each["dark"]) for each in _segments(max(n, 10))]
    few = _theme()["few"]
    return [shown[place] for place in few[n - 1]] if n <= len(few) else shown


def ink_on(colour: str) -> Role:
    """Return the colour of text on any colour, with a contrast of at least 4.5.

    Parameters
    ----------
    colour
        As `#rrggbb`. A colour that is not in the theme, such as one of a scheme file, is the same
        on the dark page, and so is its ink.
    """
    return _ink(colour, dark_values().get(colour, colour))


@cache
def dark_values() -> dict[str, str]:
    """Return the dark value of each light value of the theme."""
    theme = _theme()
    areas = [*theme["page"].values(), *theme["inks"], *theme["steps"], *theme["segments"]]
    return {role["light"]: role["dark"] for role in areas}


def dark_rules(prefix: str, used: Set[str]) -> str:
    """Return the rules of the style sheet that turn charts dark.

    Parameters
    ----------
    prefix
        The selector of what contains the charts' marks, such as `svg`.
    used
        The colours in the charts of the page. Others have no rule, so that the page stays small.
    """
    return "\n".join(_rules(prefix, used))


def _rules(prefix: str, used: Set[str]) -> Iterator[str]:
    for light, dark in dark_values().items():
        if light in used and light != dark:
            for attribute in ("fill", "stroke"):
                yield f'{prefix} [{attribute}="{light}"]{{{attribute}:{dark}}}'


def _fill(light: str, dark: str) -> Fill:
    return Fill(light, dark, _ink(light, dark))


def _ink(light: str, dark: str) -> Role:
    """Choose the better ink on both pages; black, the last one, where none is readable."""

    def readability(ink: Role) -> float:
        return min(contrast(light, ink.light), contrast(dark, ink.dark))

    *inks, black = (Role(**ink) for ink in _theme()["inks"])
    best = max(inks, key=readability)
    return best if readability(best) >= READABLE else black


def _segments(n: int) -> list[dict[str, Any]]:
    """Return the colours that exist from n segments on: each one joined between two others."""
    return [each for each in _theme()["segments"] if each["from"] <= n]


@cache
def _theme() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(
        files("rfm_engine.reporting.charts").joinpath("theme.json").read_text("utf-8")
    )
    return data
