"""Random steps and faults from a seed: a state has its old or its new contents, and keeps them."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.conftest import DEEP
from tests.state.known_states import OPTIONS, any_step, ingest
from tests.state.simulated_disk import FAULTS, Fault
from tests.state.world import names_drawn_from, world_of

_N_CASES = 20_000 if DEEP else 50
_N_TESTS = 10
_MOST_BATCHES = 3
# RFM_CASE=seed runs one case.
_ONE = os.environ.get("RFM_CASE")
_PARTS = [range(first, _N_CASES, _N_TESTS) for first in range(_N_TESTS)]


@pytest.mark.parametrize("seeds", [[int(_ONE)]] if _ONE else _PARTS, ids=str)
def test_commit__is_whole_or_not_at_all(seeds) -> None:
    for seed in seeds:
        with names_drawn_from(f"case {seed}"):
            run_case(seed)


def run_case(seed: int) -> None:
    random = Random(seed)
    kind, n_batches = random.choice(list(OPTIONS)), random.randint(0, _MOST_BATCHES)
    world = world_of(kind, n_batches, random)
    try:
        for _ in range(random.choice([1, 1, 1, 1, 2, 3])):
            step = any_step(world.known, world.manifest, random)
            ended = world.run(step, a_fault(world.n_operations_of(step), random))
            assert not ended or world.disk.has_failed
            if random.random() < 0.2:
                world.lose_power()
            if not ended:
                assert world.run(step)
            if random.random() < 0.5:
                world.lose_power()
        assert world.run(ingest(world.known.contents[0].next_batch))
        world.lose_power()
    except BaseException as error:
        story = "\n".join(world.story)
        error.add_note(f"RFM_CASE={seed}, a {kind} state of {n_batches} batches:\n{story}")
        raise


def a_fault(n_operations: int, random: Random) -> Fault:
    at = random.randint(1, n_operations)
    return Fault(at, random.choice(FAULTS), random.random() < 0.3, random.random() < 0.3)
