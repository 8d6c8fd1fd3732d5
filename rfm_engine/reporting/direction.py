"""Texts that mix directions: isolates keep a number or a name from changing the order around it.

The Unicode Bidirectional Algorithm shows `-5` as `5-` and `10-25` as `25-10` inside Arabic, and an
Arabic name with brackets in the wrong order inside English. An isolate is laid out on its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from rfm_engine.reporting.drawing.clean import REPLACEMENT

_FIRST_STRONG, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
# What a part that is laid out on its own can start with.
_STARTS = "\u2066\u2067\u2068"
_RIGHT_TO_LEFT = ("R", "AL")
# Marks that change the direction of the text that follows, and could show a name in another order.
_MARKS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def isolated(text: str) -> str:
    """Return a text laid out on its own, in the direction of its first letter."""
    return f"{_FIRST_STRONG}{text}{_END}"


def is_closed(text: str) -> bool:
    """Whether each part of a text that is laid out on its own also ends in it."""
    return sum(map(text.count, _STARTS)) == text.count(_END)


def isolated_if_rtl(text: str) -> str:
    """Return a text isolated if a letter in it runs from right to left."""
    is_rtl = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)
    return isolated(text) if is_rtl else text


def isolated_in_data(value: Any) -> Any:
    """Return data for JSON in which each text with letters from right to left is isolated."""
    return _mapped(value, isolated_if_rtl)


def without_marks(value: Any) -> Any:
    """Return data for JSON with U+FFFD for each character in its texts that sets a direction."""
    return _mapped(value, lambda text: _MARKS.sub(REPLACEMENT, text))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(each, change) for each in value]
    return value
