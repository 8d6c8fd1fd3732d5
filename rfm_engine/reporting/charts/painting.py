"""Colours of segments and steps, and the numbers that several charts write in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt
from typing import Any

from rfm_engine.reporting.drawing.theme import Fill, heat_steps, page_colours, segment_colours
from rfm_engine.reporting.language import Language

Document = Mapping[str, Any]


def fills_of(document: Document) -> dict[str, Fill]:
    """Return the colour of each segment by name, in the order of the scheme."""
    names = [each["name"] for each in document["segments"]]
    return dict(zip(names, segment_colours(len(names)), strict=True)) if names else {}


def step_of(part: int | Fraction | None, most: int | Fraction, *, root: bool) -> Fill:
    """Return the step of a heat map for a value from 0 to `most`.

    With `root` steps follow the square root, so that small counts differ too.
    """
    steps = heat_steps()
    if not part or not most or part < 0:
        return steps[0]
    share = Fraction(part) / most
    last = len(steps) - 1
    if root:
        place = isqrt(share.numerator * last * last // share.denominator)
        exact = Fraction(place * place, last * last)
        return steps[min(place + (share > exact), last)]
    return steps[min(-(-share.numerator * last // share.denominator), last)]


def measure_key(document: Document, axis: str) -> str:
    """Return the key of the text that says what an axis measures, and in which unit."""
    if axis == "frequency":
        return f"axis.frequency.{document['counted']}"
    is_mean = document["method"]["options"].get("monetary") == "mean"
    return "axis.monetary_mean" if axis == "monetary" and is_mean else f"axis.{axis}"


HIDDEN = "*"
"""What is shown for a count that is hidden, because it is small or gives away a small one."""


def count_text(value: int | None, language: Language) -> str:
    """Return a count in words, or the sign of a hidden one."""
    return HIDDEN if value is None else language.number(value)


def colours() -> dict[str, str]:
    """Return the values of the colours that specifications name, for the light page."""
    page = page_colours()
    return {
        "text": page.text.light, "muted": page.muted.light, "grid": page.grid.light,
        "bar": page.bar.light, "warm": page.warm.light, "card": page.card.light,
        "area": page.faint.light, "line": page.text.light,
    }  # fmt: skip


def grid_colours(used: Sequence[str]) -> dict[str, str]:
    """Return some of the colours, because a specification names only some."""
    found = colours()
    return {name: found[name] for name in used}
