"""Whether customers of whom more is expected buy more: predicted and actual orders of groups."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.sums import float_sum
from rfm_engine.clv.validation.holdout import Holdout
from rfm_engine.kernels.types import Integers, Positions

_MOST_REPEATS = 7
_N_GROUPS = 10
_SCHEMA = pa.schema(
    [
        ("grouping", pa.string()),
        ("group", pa.string()),
        ("customers", pa.int64()),
        ("predicted", pa.float64()),
        ("actual", pa.int64()),
        ("actual_squares", pa.int64()),
    ]
)


def calibration(holdout: Holdout, predicted: Floats, order: Positions) -> pa.Table:
    """Return predicted and actual order days by groups of customers.

    Parameters
    ----------
    holdout
        The customers.
    predicted
        Expected order days of each customer, `float64[n]`.
    order
        The customers in ascending order of `predicted`, `uint32[n]`. Those with equal predictions
        may be in any order, because groups break ties by a hash of the id.

    Returns
    -------
    pyarrow.Table
        `grouping` and `group` text, `customers` int64, `predicted` float64 (the sum), `actual`
        int64 (the sum of order days), `actual_squares` int64 (the sum of their squares). The
        groupings are `repeat_days` (groups 0 to 6, and 7+), `tenth` (ten groups of equally many
        customers, from the lowest prediction to the highest), and `equal_orders` (ten groups of
        about equal predicted sums). Groups without customers are left out.
    """
    ascending = predicted[order]
    cuts = [i * len(order) // _N_GROUPS for i in range(1, _N_GROUPS)]
    rows = [*_by_repeats(holdout, predicted)]
    for grouping, own in (("tenth", cuts), ("equal_orders", _equal_cuts(ascending))):
        placed = _ties_broken(order, ascending, own, holdout)
        bounds = [0, *own, len(order)]
        for i, (start, stop) in enumerate(pairwise(bounds), start=1):
            some = holdout.orders[placed[start:stop]]
            rows.append(_Row.of(grouping, str(i), ascending[start:stop], some))
    return pa.Table.from_pylist([row._asdict() for row in rows if row.customers], _SCHEMA)


class _Row(NamedTuple):
    """A row of the table."""

    grouping: str
    group: str
    customers: int
    predicted: float
    actual: int
    actual_squares: int

    @classmethod
    def of(cls, grouping: str, group: str, predicted: Floats, actual: Integers) -> _Row:
        squares = int((actual * actual).sum())
        return cls(
            grouping, group, len(actual), float_sum(predicted), int(actual.sum()), squares
        )  # fmt: skip


def _by_repeats(holdout: Holdout, predicted: Floats) -> Iterator[_Row]:
    for n in range(_MOST_REPEATS + 1):
        is_last = n == _MOST_REPEATS
        some = holdout.x >= n if is_last else holdout.x == n
        group = f"{n}+" if is_last else str(n)
        yield _Row.of("repeat_days", group, predicted[some], holdout.orders[some])


def _equal_cuts(ascending: Floats) -> list[int]:
    """Return where to cut ascending predictions so that the sums are about equal.

    A customer belongs to the group that contains the middle of its own orders.
    """
    ends = ascending.cumsum()
    total = float(ends[-1])
    targets = [total * i / _N_GROUPS for i in range(1, _N_GROUPS)]
    cuts: list[int] = np.searchsorted(ends - ascending / 2, targets).tolist()
    return cuts


def _ties_broken(
    order: Positions, ascending: Floats, cuts: list[int], holdout: Holdout
) -> Positions:
    """Return the order with equal predictions at the cuts sorted by the draws of the customers."""
    found = order.copy()
    for cut in cuts:
        if 0 < cut < len(order) and ascending[cut - 1] == ascending[cut]:
            start, stop = (np.searchsorted(ascending, ascending[cut], s) for s in ("left", "right"))
            block = found[start:stop]
            found[start:stop] = block[np.argsort(holdout.draws[block])]
    return found
