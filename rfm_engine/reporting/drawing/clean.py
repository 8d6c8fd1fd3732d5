"""Clean texts before they are drawn.

Some control characters in a text end the whole process in vl-convert 1.9, without an exception.
"""

from __future__ import annotations

import re
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Control characters except for tab and newline, the non-characters and half of a surrogate pair.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")


def cleaned(text: str) -> str:
    """Return a text with U+FFFD in place of each character that must not be drawn."""
    return _UNSAFE.sub(REPLACEMENT, text)


def all_cleaned(value: Any) -> Any:
    """Return data for JSON with all texts in it cleaned, keys included."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, dict):
        return {cleaned(key): all_cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [all_cleaned(each) for each in value]
    return value
