"""Widths of texts in charts, estimated without a font, because readers have different fonts."""

from __future__ import annotations

import unicodedata
from functools import cache

from rfm_engine.reporting.direction import is_closed

# Advance widths in thousandths of the font size. They are those of DejaVu Sans, which is wider than
# Arial, Helvetica, Segoe UI, Roboto and Noto Sans, so that labels that fit here fit there too.
_GROUPS = {
    278: "ijl'\u202f", 337: "I,./|: ;\u00a0", 361: "r", 392: "ft()[]", 460: "\"-", 521: "scz^*",
    592: "kvxy", 636: "aeopdqbghnu0123456789$?_", 684: "ABCEFJKLPRSTVXYZ",
    770: "DGHNOQU&", 838: "wm+<=>~#", 974: "M%@", 989: "W",
}  # fmt: skip
_WIDTHS = {letter: width for width, letters in _GROUPS.items() for letter in letters}
_OTHER, _WIDE, _BOLD = 684, 1000, 1.1
ELLIPSIS = "…"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in units of a chart, rather too large than too small."""
    thousandths = sum(map(_width, text))
    return thousandths * size / 1000 * (_BOLD if bold else 1)


def shortened(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return a text, cut with an ellipsis where it is wider than `room`."""
    if width_of(text, size, bold=bold) <= room:
        return text
    kept = text
    while kept and width_of(kept + ELLIPSIS, size, bold=bold) > room:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def lines_in(text: str, room: float, size: float, *, bold: bool = False) -> list[str]:
    """Return a text in one line, or in two where it is wider than `room`."""
    if width_of(text, size, bold=bold) <= room:
        return [text]
    return two_lines(text, size, bold=bold)


def two_lines(text: str, size: float, *, bold: bool = False) -> list[str]:
    """Return a text in two lines of similar width, broken at a space; one line without spaces.

    A part that is laid out on its own, as a date in a text from right to left, is not broken.
    """
    words = text.split()
    splits = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
    splits = [pair for pair in splits if is_closed(pair[0])]
    if not splits:
        return [text]
    best = min(splits, key=lambda pair: max(width_of(each, size, bold=bold) for each in pair))
    return [*best]


@cache
def _width(letter: str) -> int:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _OTHER
