"""Whales: the customers with the highest value, as a share of all customers, including ties."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rfm_engine.errors import UsageError, shown
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Codes, Integers, Mask
from rfm_engine.options.messages import message
from rfm_engine.scoring.selection import Map, select

PARTS = 10_000
"""Shares are counted in hundredths of a percent."""
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?\s*%")


def share_of(given: object) -> int:
    """Return a share such as `20%` or `0.5%` in hundredths of a percent.

    Raises
    ------
    UsageError
        It is not a percentage above 0% and up to 100% with at most two decimals.
    """
    found = _SHARE.fullmatch(given.strip()) if isinstance(given, str) else None
    share = 0 if found is None else int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if not 0 < share <= PARTS:
        raise UsageError(
            message(
                "{whales} must be a share of the customers like 20% or 0.5%, above 0% and up to "
                "100%; got {}. Give a percentage with at most two decimals.",
                shown(given),
            )
        )
    return share


def least_of(chunks: Sequence[Integers], share: int, each: Map = map) -> int:
    """Return the least value of a whale: the k-th largest, where k is a share of n; 0 if n is 0."""
    n = sum(map(len, chunks))
    return select(chunks, [n - int(whales_in(n, share))], each)[0] if n else 0


def whales_of(values: Integers, least: Integers, groups: Codes) -> Mask:
    """Return who has at least the least value, and more than 0, `bool[n]`.

    `least` is `int64[groups]`. `groups` are the groups of the customers, or empty if there is only
    one.
    """
    found = np.empty(len(values), np.bool_)
    mark_whales(frozen(values), frozen(least), groups, found)
    return found


@kernel
def whales_in(n, share):
    """Return how many customers a share of n customers is, rounded up."""
    return (n * share + PARTS - 1) // PARTS


@kernel
def mark_whales(values, least, groups, found):
    """Fill `found`, `bool[n]`, with who has at least the least value of the group, and above 0."""
    for i in range(len(values)):
        own = least[groups[i] if len(groups) > 0 else 0]
        found[i] = values[i] >= own and values[i] > 0
