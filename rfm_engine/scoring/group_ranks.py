"""Rank customers by value within groups, and find the least value of a whale per group."""

from __future__ import annotations

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Positions
from rfm_engine.scoring.group_cuts import Members
from rfm_engine.scoring.group_sort import Sorting, sort_pairs
from rfm_engine.scoring.groups import Groups
from rfm_engine.scoring.ranking import ranked, write_ranks
from rfm_engine.scoring.selection import Map
from rfm_engine.scoring.whales import whales_in


def ranked_within(
    values: Integers, groups: Groups, share: int, each: Map
) -> tuple[Positions, Integers]:
    """Return the rank of each customer within its group, and the least value of a whale per group.

    `values` is `int64[n]` in the order of `groups.numbers`, and so are the ranks, `uint32[n]`. The
    least values are `int64[groups]`, as `whales.least_of` computes them.
    """
    ranks, least = np.empty(len(values), np.uint32), np.zeros(groups.n, np.int64)

    def rank(members: Members) -> None:
        room = Sorting.room(members.most)
        rank_groups(frozen(values), members, share, room, ranks, least)

    list(each(rank, groups.runs()))
    for group, customers in groups.large():
        found = ranked([values[customers]], each)
        ranks[customers] = found.ranks
        least[group] = found.ascending[-int(whales_in(len(customers), share))]
    return ranks, least


@kernel
def rank_groups(values, members, share, room, ranks, least):
    """Write the ranks of the customers of some groups, and the least value of a whale per group."""
    for group in range(members.first, members.last):
        start = members.bounds[group]
        n = members.bounds[group + 1] - start
        if n == 0 or n > members.most:
            continue
        for j in range(n):
            room.who[j] = members.order[start + j]
            room.values[j] = values[room.who[j]]
        sort_pairs(room, n)
        least[group] = room.values[n - whales_in(n, share)]
        write_ranks(room.values[:n], room.who, 0, ranks)
