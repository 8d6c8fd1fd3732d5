"""Warnings: what a careful reader would ask about in data that were not refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

CODES = (
    "as_of_in_future", "amounts_rounded", "whole_amounts", "order_lines", "null_words",
    "number_like_ids",
)  # fmt: skip
"""All codes, in the order in which warnings are listed."""


class DataWarning(NamedTuple):
    """One warning: a code that never changes, for programs, and a sentence for people."""

    code: str
    text: str


def listed(warnings: Iterable[DataWarning]) -> tuple[DataWarning, ...]:
    """Return each warning once, in the order of `CODES`."""
    return tuple(sorted(set(warnings), key=lambda each: (CODES.index(each.code), each.text)))
