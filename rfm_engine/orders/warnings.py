"""Define warnings: possible problems in data that were accepted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

CODES = (
    "no_rows", "unseen_values", "as_of_in_future", "amounts_rounded", "whole_amounts",
    "order_lines", "null_words", "number_like_ids", "none_chosen", "early_first_orders",
    "all_left_out", "no_small_buyers", "few_repeaters", "small_groups", "nobody_leaves",
    "parameter_at_limit", "uncertain_parameters", "few_amounts", "infinite_mean",
    "amounts_depend_on_orders", "heuristic_wins", "later_model", "unknown_groups",
)  # fmt: skip
"""All codes, in the order of warnings in a list."""


class DataWarning(NamedTuple):
    """One warning: a stable code for programs, and a text for people."""

    code: str
    text: str


def listed(warnings: Iterable[DataWarning]) -> tuple[DataWarning, ...]:
    """Return each warning once, in the order of `CODES`."""
    return tuple(sorted(set(warnings), key=lambda each: (CODES.index(each.code), each.text)))
