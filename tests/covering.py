"""Choose few of the many combinations of several lists of values."""

from __future__ import annotations

import random
from collections.abc import Collection
from itertools import product
from typing import Any

from tests.conftest import DEEP


def covering(*lists: Collection[Any], times: int = 2) -> list[tuple[Any, ...]]:
    """Return combinations that contain each value at least `times`; all of them, if `DEEP`.

    The same values meet others each time, and are the same in all processes.
    """
    columns = [[*values] for values in lists]
    if DEEP:
        return [*product(*columns)]
    n = max(map(len, columns))
    dice = random.Random(0)
    places: set[tuple[int, ...]] = set()
    for _ in range(times):
        turns = [dice.sample([i % len(values) for i in range(n)], n) for values in columns]
        places.update(zip(*turns, strict=True))
    return [
        tuple(values[at] for values, at in zip(columns, each, strict=True))
        for each in sorted(places)
    ]
