"""A state on a simulated disk, its present contents, and those possible after a power loss."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from random import Random

import pytest

from rfm_engine import State
from tests.state.known_states import (
    EMPTY,
    PLACE,
    Known,
    Step,
    claims_of,
    expected,
    ingest,
    make,
    seen_in,
)
from tests.state.simulated_disk import Fault, PowerLoss, SimulatedDisk


class CountingDisk(SimulatedDisk):
    """A copy of a disk that counts its operations."""

    def __init__(self, disk: SimulatedDisk) -> None:
        super().__init__(disk.copy()._root)
        self.n_operations = 0

    @contextmanager
    def _operation(self, name: str) -> Iterator[bool]:
        self.n_operations += 1
        with super()._operation(name) as is_short:
            yield is_short


class World:
    """A state, its present contents, and the contents that are possible after a power loss."""

    def __init__(self, kind: str, disk: SimulatedDisk, known: Known, random: Random) -> None:
        self.kind = kind
        self.disk = disk
        self.known = known
        self.durable = [known]
        self.random = random
        self.manifest = self.state().manifest
        self.story: list[str] = []

    def state(self) -> State:
        return State.open(PLACE, disk=self.disk)

    def n_operations_of(self, step: Step) -> int:
        """Return the number of operations of a step, without a change of the state."""
        disk = CountingDisk(self.disk)
        step.run(State.open(PLACE, disk=disk))
        return disk.n_operations

    def run(self, step: Step, fault: Fault | None = None) -> bool:
        """Run a step; return whether it finished."""
        self.story.append(f"{step.text} under {fault}")
        after = step.after(self.known, self.manifest)
        self.disk.fail(fault)
        try:
            step.run(self.state())
        except OSError:
            assert self.disk.has_failed
            self.disk.mend()
            self.look([self.known, after])
            self.durable.append(self.known)
            return False
        except PowerLoss:
            self.durable.append(after)
            self.lose_power()
            return False
        self.disk.mend()
        self.look([after], verified=False)
        self.durable = [after]
        return True

    def lose_power(self) -> None:
        self.story.append("power loss")
        self.disk = self.disk.after_power_loss(self.random)
        self.look(self.durable)
        self.durable = [self.known]

    def look(self, allowed: list[Known], *, verified: bool = True) -> None:
        """Check that the state is one of `allowed`, and remember which."""
        state = self.state()
        claims, totals = seen_in(state, self.disk, self.kind)
        found = [
            each
            for each in allowed
            if claims_of(each) == claims and expected(each.contents[0].rows, self.kind) == totals
        ]
        assert found, f"got {claims} with {totals}; must be one of {allowed}"
        if found[0].numbers == self.known.numbers:
            assert state.manifest == self.manifest
        assert not verified or state.verify() == []
        self.known, self.manifest = found[0], state.manifest


@contextmanager
def names_drawn_from(seed: str) -> Iterator[None]:
    """Make random names repeatable, because files are removed in the order of their names."""
    names, keys = Random(seed), Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_hex", lambda n: names.randbytes(n).hex())
        patch.setattr(secrets, "randbits", keys.getrandbits)
        yield


@cache
def grown(kind: str, n_batches: int) -> tuple[SimulatedDisk, Known]:
    """Return a disk with a state of `n_batches` batches."""
    if n_batches == 0:
        disk = SimulatedDisk()
        with names_drawn_from("no batches"):
            make(kind, disk)
        return disk, EMPTY
    before, known = grown(kind, n_batches - 1)
    world = World(kind, before.copy(), known, Random(0))
    with names_drawn_from(f"{n_batches} batches"):
        assert world.run(ingest(n_batches - 1))
    return world.disk, world.known


def world_of(kind: str, n_batches: int, random: Random) -> World:
    disk, known = grown(kind, n_batches)
    return World(kind, disk.copy(), known, random)
