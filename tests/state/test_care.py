"""Maintenance of a state: compact, restore, forget customers, and delete unused files."""

from __future__ import annotations

import errno
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.state import next_generation, parts, totals
from rfm_engine.state.disk import LocalDisk
from tests.shapes import orders_table

DAY_US = 86_400_000_000


def day(number, *customers, **more):
    n = len(customers)
    return orders_table(list(customers), [number * DAY_US] * n, [100] * n, **more)


def customers_of(state, **asked):
    return sorted(state.totals(**asked).finish()["customer_id"].to_pylist())


@pytest.fixture
def state(tmp_path):
    """A state of five batches: two are kept, the others are settled."""
    state = rfm.State.create(tmp_path / "state", keep_batches=2, keep=2)
    for number in range(5):
        state.ingest(day(number, number, 100), batch_id=str(number))
    return state


def test_compact__changes_files_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(next_generation, "_MOST_SETTLED", 100.0)
    state = rfm.State.create(tmp_path / "state", keep_batches=0)
    for number in range(4):
        state.ingest(day(number, number, 100), batch_id=str(number))
    before = state.totals().finish().sort_by("customer_id")
    n_files = state.summary()["files"]  # including one file of the ledger
    state.compact()
    assert state.totals().finish().sort_by("customer_id").equals(before)
    assert (n_files, state.summary()["files"]) == (5, 2)
    assert state.compact() == state.manifest.newest.number


def test_ingest__compacts_when_half_of_the_rows_are_settled(tmp_path):
    state = rfm.State.create(tmp_path / "state", keep_batches=0)
    state.ingest(day(1, *range(100)), batch_id="base")
    for number in range(3):
        state.ingest(day(2 + number, *range(20)), batch_id=str(number))
        assert len(state.manifest.newest.settled) == (number + 1) % 3
    assert len(state.manifest.newest.customer_files) == 1


def test_ingest__puts_many_small_batches_together(tmp_path):
    state = rfm.State.create(tmp_path / "state", keep_batches=0)
    state.ingest(day(1, *range(1_000)), batch_id="base")
    for number in range(60):
        state.ingest(day(2, number, 1_000 + number), batch_id=str(number))
        assert len(state.manifest.newest.settled) <= next_generation._MOST_PARTS
    assert state.totals().n_customers == 1_060
    assert state.totals().rows.counted == 1_120


def test_totals__are_the_same_where_little_may_be_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "_ROWS_A_FILE", 1 << 4)
    state = rfm.State.create(tmp_path / "state", keep_batches=0)
    state.ingest(day(1, *range(1000)), batch_id="base")
    for number in range(3):
        state.ingest(day(2 + number, *range(number, 999 + number, 10)), batch_id=str(number))
    assert len(state.manifest.newest.settled) == 3
    usual = state.totals().finish().sort_by("customer_id")
    monkeypatch.setattr(totals, "_BYTES_A_CUSTOMER", 1 << 60)
    assert state.totals().finish().sort_by("customer_id").equals(usual)


def test_rolling__compacting_lets_go_of_old_days(tmp_path):
    state = rfm.State.create(tmp_path / "state", history="rolling:1d", keep_batches=0)
    for number in range(0, 60, 20):
        state.ingest(day(number, 7), batch_id=str(number))
    state.compact()
    [part] = state.manifest.newest.totals
    assert part.n_rows == 2


def test_restore__gives_a_generation_back_and_its_ledger(state):
    last = state.manifest.newest.number
    assert state.restore(last) == last
    state.restore(last - 1)
    assert customers_of(state) == [0, 1, 2, 3, 100]
    assert state.ingest(day(4, 4, 100), batch_id="4").batch == "4"
    assert customers_of(state) == [0, 1, 2, 3, 4, 100]


def test_restore__takes_what_stands(state):
    with pytest.raises(rfm.UsageError, match=r"must be one that is kept \(6, 5\); got 1"):
        state.restore(1)


def test_forget__leaves_nothing_in_any_file(state, tmp_path):
    assert state.forget(100, 200) == [100]
    assert customers_of(state) == [0, 1, 2, 3, 4]
    files = list((tmp_path / "state" / "data").glob("totals-*"))
    assert files
    assert not any(100 in pq.read_table(file)["customer_id"].to_pylist() for file in files)
    assert not state.forget(100)
    state.restore(state.manifest.generations[-1].number)
    assert customers_of(state) == [0, 1, 2, 3, 4]


def test_forget__knows_ids_by_their_text(tmp_path):
    state = rfm.State.create(tmp_path / "state")
    state.ingest(day(1, 7, 8), batch_id="a")
    assert state.forget("7")
    with pytest.raises(rfm.UsageError, match="id must be a value of column 'customer_id', int64"):
        state.forget("seven")
    assert customers_of(state) == [8]


def test_forget__takes_a_customer_out_of_all_groups_and_orders(tmp_path):
    state = rfm.State.create(tmp_path / "state", by="shop", order="order_id")
    state.ingest(day(1, 7, 7, 8, shop=["a", "b", "a"], order_id=["x", "y", "z"]), batch_id="1")
    assert state.forget(7)
    found = state.totals().finish().to_pydict()
    assert (found["customer_id"], found["shop"]) == ([8], ["a"])
    state.ingest(day(2, 8, shop=["a"], order_id=["z"]), batch_id="2")
    assert state.totals().finish()["frequency"].to_pylist() == [1]


def test_forget__finds_a_customer_whatever_kind_of_ids_a_generation_has(tmp_path):
    state = rfm.State.create(tmp_path / "state", keep=5)
    state.ingest(day(1, 7, 8), batch_id="monday")
    texts = day(1, 7, 8).set_column(0, "customer_id", pa.array(["seven", "8"]))
    state.ingest(texts, replace_batch="monday")
    with pytest.raises(rfm.UsageError, match="id must be a value of column 'customer_id'"):
        state.forget(1.5)
    assert state.forget("seven") == ["seven"]
    assert state.forget("8") == ["8"]
    assert customers_of(state) == []
    state.restore(2)
    assert customers_of(state) == [7]


def test_gc__takes_what_no_generation_has(state, tmp_path):
    folder = tmp_path / "state"
    left = [
        folder / "aside-6-0123456789abcdef",
        folder / "aside-7-0123456789abcdef",
        folder / "data" / "totals-1-0123456789abcdef.parquet",
        folder / "data" / "totals-7-0123456789abcdef.parquet",
    ]
    theirs = [folder / "data" / "notes.txt", folder / "aside-notes.txt"]
    for path in left + theirs:
        path.touch()
    assert sorted(state.gc()) == [str(path.relative_to(folder)) for path in left]
    assert all(path.exists() for path in theirs)
    assert state.gc() == []


def test_snapshot__stays_what_it_was(state, tmp_path):
    reader = rfm.State.open(tmp_path / "state")
    before = reader.totals().finish().sort_by("customer_id")
    state.ingest(day(9, 9), batch_id="9")
    state.forget(100)
    state.compact()
    assert reader.totals().finish().sort_by("customer_id").equals(before)
    assert customers_of(rfm.State.open(tmp_path / "state")) == [0, 1, 2, 3, 4, 9]


def test_create__goes_on_where_a_writer_was_killed(tmp_path):
    folder = tmp_path / "state"
    (folder / "data").mkdir(parents=True)
    (folder / "aside-1-0123456789abcdef").touch()
    state = rfm.State.create(folder)
    assert state.gc() == ["aside-1-0123456789abcdef"]


def test_close__lets_go_of_the_files(state):
    with state as opened:
        totals = opened.totals()
    with pytest.raises(rfm.UsageError, match="must be open to be read"):
        totals.finish()
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(state)
    state.ingest(day(9, 9), batch_id="9")
    with pytest.raises(rfm.UsageError, match="must be open to be read"):
        state.totals().finish()


def test_threads__are_a_number(state):
    for work in (state.compact, lambda threads: state.ingest("x", threads=threads)):
        with pytest.raises(rfm.UsageError, match="threads must be 1 or more; got 0"):
            work(threads=0)


def test_open__says_what_is_not_there(tmp_path):
    with pytest.raises(rfm.StateError, match=r"got no such file. Create it with rfm state create"):
        rfm.State.open(tmp_path / "unmounted")
    with pytest.raises(rfm.StateError, match="must be a state; got no manifest in it"):
        rfm.State.open(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(rfm.StateError, match="new or empty folder; got a folder that is not empty"):
        rfm.State.create(tmp_path)
    with pytest.raises(rfm.StateError, match="new or empty folder; got a file"):
        rfm.State.create(tmp_path / "notes.txt")
    with pytest.raises(rfm.UsageError, match="must be writable; got permission denied"):
        rfm.State.create(tmp_path / "theirs", disk=Guarded())
    with pytest.raises(rfm.UsageError, match=r"the parent folder of state .* must exist"):
        rfm.State.create(tmp_path / "none" / "state")


class Guarded(LocalDisk):
    """A disk on which no folder may be created."""

    def make_folder(self, path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))


class Crowded(LocalDisk):
    """A disk of a process that has reached its limit of open files."""

    def open(self, path):
        if path.suffix == ".parquet":
            raise OSError(errno.EMFILE, "Too many open files", str(path))
        return super().open(path)


def test_totals__say_where_a_process_may_have_too_few_files_open(state):
    opened = rfm.State.open(state.path, disk=Crowded())
    with pytest.raises(rfm.RfmError, match=r"must have its \d files open at once; got too many"):
        opened.totals().finish()
    assert opened.summary() == state.summary()


def test_restore__helps_where_a_file_of_the_newest_generation_is_gone(state):
    before = state.summary()["generation"]
    state.ingest(day(9, 9), batch_id="9")
    (lost,) = state.manifest.newest.batches[-1].totals.files
    (state.path / "data" / lost.name).unlink()
    opened = rfm.State.open(state.path)
    with pytest.raises(rfm.StateError, match=f"{lost.name}' must exist"):
        opened.totals().finish()
    opened.restore(before)
    assert customers_of(opened) == [0, 1, 2, 3, 4, 100]


class Worn(LocalDisk):
    """A disk on which only manifests can be read."""

    def open(self, path):
        self.is_data = path.suffix == ".parquet"
        return super().open(path)

    def read(self, file):
        if self.is_data:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(file)


def test_data__that_cannot_be_read_is_named(state):
    opened = rfm.State.open(state.path, disk=Worn())
    names = {file.name for each in state.manifest.generations for file in each.files}
    faults = opened.verify()
    assert len(faults) == len(names)
    assert all(any(name in fault for fault in faults) for name in names)
    opened = rfm.State.open(state.path, disk=Worn())
    with pytest.raises(OSError, match=r"Input/output error: .*\.parquet"):
        opened.totals().finish()
