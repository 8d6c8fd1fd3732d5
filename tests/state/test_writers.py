"""Writers that conflict or fail: no orders are lost, and no files are left."""

from __future__ import annotations

import _thread
import errno
import os
import signal
from contextlib import contextmanager
from time import sleep

import pytest

import rfm_engine as rfm
from rfm_engine.state.disk import LocalDisk
from rfm_engine.state.store import Store
from tests.shapes import orders_table

DAY_US = 86_400_000_000


def orders(*customers):
    n = len(customers)
    return orders_table(list(customers), [DAY_US] * n, [100] * n)


def customers_of(path):
    return sorted(rfm.State.open(path).totals().finish()["customer_id"].to_pylist())


def names_in(path):
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


class Lockless(LocalDisk):
    """A file system without effective locks; `meanwhile` is called once, at operation `moment`."""

    def __init__(self, moment, meanwhile):
        self.moment = moment
        self.meanwhile = meanwhile
        self.n_left = 1

    @contextmanager
    def locked(self, folder):  # noqa: ARG002
        yield

    def create(self, path):
        self.look("create")
        return super().create(path)

    def link(self, path, name):
        self.look("link")
        super().link(path, name)

    def look(self, operation):
        if operation == self.moment and self.n_left:
            self.n_left -= 1
            self.meanwhile()


@pytest.mark.parametrize("moment", ["create", "link"])
def test_second_writer__without_a_lock_is_refused(tmp_path, moment):
    place = tmp_path / "state"
    rfm.State.create(place).ingest(orders(1), batch_id="1")
    first = rfm.State.open(place)
    disk = Lockless(moment, lambda: first.ingest(orders(2), batch_id="2"))
    with pytest.raises(rfm.StateError, match="got a newer one from another writer"):
        rfm.State.open(place, disk=disk).ingest(orders(3), batch_id="3")
    assert customers_of(place) == [1, 2]
    assert rfm.State.open(place).verify() == []


def test_second_writer__without_a_lock_keeps_what_it_has_written(tmp_path):
    """The first publishes before the second starts, and deletes files before that publishes."""
    place = tmp_path / "state"
    rfm.State.create(place, keep=1).ingest(orders(1), batch_id="1")
    first = Store(place)
    disk = Lockless("link", lambda: first.collect(first.newest()))
    rfm.State.open(place, disk=disk).ingest(orders(2), batch_id="2")
    assert customers_of(place) == [1, 2]


class Full(LocalDisk):
    """A disk without space for another manifest, or for a third data file."""

    def __init__(self, kind):
        self.kind = kind
        self.n_left = 2

    def create(self, path):
        if path.name.startswith(self.kind):
            self.n_left -= 1
        if path.name.startswith(self.kind) and (self.kind == "aside" or self.n_left < 0):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return super().create(path)


@pytest.mark.parametrize("kind", ["aside", "totals"])
def test_ingest__that_finds_a_full_disk_leaves_nothing(tmp_path, kind):
    place = tmp_path / "state"
    state = rfm.State.create(place)
    state.ingest(orders(1), batch_id="1")
    before = names_in(place)
    full = rfm.State.open(place, disk=Full(kind))
    with pytest.raises(OSError, match="No space left"):
        full.ingest(orders(*range(1 << 20)), batch_id="2", threads=4)
    assert names_in(place) == before


class Interrupting(LocalDisk):
    """A disk that continues to write while the process is interrupted."""

    def create(self, path):
        _thread.interrupt_main()
        sleep(0.1)
        return super().create(path)


@pytest.fixture
def interruptible():
    """Make Ctrl-C raise, because tests that run in the background may ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ingest__that_is_interrupted_leaves_nothing(tmp_path):
    place = tmp_path / "state"
    rfm.State.create(place)
    before = names_in(place)
    with pytest.raises(KeyboardInterrupt):
        rfm.State.open(place, disk=Interrupting()).ingest(orders(1), batch_id="1")
    assert names_in(place) == before


def test_lock__goes_with_the_writer_though_a_process_was_forked(tmp_path):
    place = tmp_path / "state"
    rfm.State.create(place)
    children = []

    class Forking(LocalDisk):
        def create(self, path):
            child = os.fork()
            if not child:
                signal.pause()
            children.append(child)
            return super().create(path)

    try:
        rfm.State.open(place, disk=Forking()).ingest(orders(1), batch_id="1")
        rfm.State.open(place).ingest(orders(2), batch_id="2")
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert customers_of(place) == [1, 2]
