"""Each operation of a step fails in turn: the step is done completely or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from random import Random
from typing import TypeVar

import pytest

from rfm_engine import State, StateError
from tests.conftest import stride
from tests.state.known_states import (
    COMPACT,
    EMPTY,
    GC,
    PLACE,
    forget,
    ingest,
    make,
    replace,
    restore,
)
from tests.state.simulated_disk import FAULTS, Fault, PowerLoss, SimulatedDisk
from tests.state.world import World, world_of

N_BATCHES = 3
INGEST = ingest(N_BATCHES)
OTHERS = [replace(N_BATCHES - 1), forget(3), restore(1), COMPACT, GC]
CASES = [("lines", INGEST, what) for what in FAULTS]
CASES += [("lines", step, what) for step in OTHERS for what in ("EIO", "power loss")]
CASES += [("days", step, what) for step in (INGEST, forget(3)) for what in ("EIO", "power loss")]
# The deep profile tests every operation; otherwise each case tests a different fifth of them,
# and a fifteenth without the compiler.
STRIDE = stride(7)
Option = TypeVar("Option")


class NothingStays(Random):
    """After a power loss, nothing stays that was not synced."""

    def choice(self, options: Sequence[Option]) -> Option:
        return options[0]


@pytest.mark.parametrize(
    ("kind", "step", "what"), CASES, ids=lambda each: getattr(each, "text", each)
)
def test_step__survives_a_fault_of_any_operation(kind, step, what) -> None:
    for at in count(1 + CASES.index((kind, step, what)) % STRIDE, STRIDE):
        world = world_of(kind, N_BATCHES, NothingStays())
        ended = world.run(step, Fault(at, what))
        if ended and not world.disk.has_failed:
            break
        assert world.run(step)
        world.lose_power()


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("what", FAULTS)
def test_create__makes_all_of_a_state_or_none(what, late) -> None:
    for at in count(1 + FAULTS.index(what) % STRIDE, STRIDE):
        disk = SimulatedDisk()
        disk.fail(Fault(at, what, late=late))
        try:
            make("lines", disk)
        except OSError:
            disk.mend()
            left = [disk]
        except PowerLoss:
            left = [disk.after_power_loss(Random(seed)) for seed in range(20)]
        else:
            if not disk.has_failed:
                break
            disk.mend()
            left = [disk]
        for each in left:
            takes_orders(each)


def takes_orders(disk: SimulatedDisk) -> None:
    """Check that a state can be opened, or else created where parts of it exist."""
    try:
        State.open(PLACE, disk=disk)
    except StateError:
        make("lines", disk)
    world = World("lines", disk, EMPTY, NothingStays())
    assert world.run(ingest(0))
    world.lose_power()
