"""The ledger: what an ingest writes, what generations share, and errors when it is damaged."""

from __future__ import annotations

import hashlib
import io
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.state.disk import LocalDisk
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.manifest import Ledger
from rfm_engine.state.store import Store
from tests.shapes import orders_table

DAY_US = 86_400_000_000


def day(number, *customers):
    n = len(customers)
    return orders_table(list(customers), [number * DAY_US] * n, [100] * n)


@pytest.fixture
def state(tmp_path):
    return rfm.State.create(tmp_path / "state", keep_batches=1)


@pytest.fixture
def file(tmp_path):
    """Write orders to a file."""

    def written(name, table):
        pq.write_table(table, tmp_path / name)
        return tmp_path / name

    return written


def ledger_files(state):
    return {path.name for path in (state.path / "data").glob("ledger-*")}


def published(state, ledger):
    """Publish a generation with another ledger."""
    manifest = state.manifest
    newest = manifest.newest
    made = newest._replace(number=newest.number + 1, ledger=ledger)
    Store(state.path).publish(manifest.with_newest(made))
    return rfm.State.open(state.path)


def test_ingest__writes_little_however_many_batches_there_are(state):
    n = 64
    n_written = 0
    for number in range(n):
        before = ledger_files(state)
        state.ingest(day(number, number), batch_id=f"day {number}")
        files = state.manifest.newest.ledger.files
        n_written += sum(file.n_rows for file in files if file.name not in before)
        assert sum(file.n_rows for file in files) == number + 1
        assert len(files) <= math.log2(number + 1) + 1
    assert n_written <= n * (math.log2(n) + 1)
    assert state.summary()["batches_ingested"] == n
    ids = KnownBatches(state.manifest.newest.ledger, Store(state.path)).ids
    assert ids == [f"day {number}" for number in range(n)]
    [manifest] = state.path.glob("manifest-*")
    assert "day 60" not in manifest.read_text()


def test_generations__share_files_of_the_ledger(state):
    for number in range(8):
        state.ingest(day(number, number), batch_id=str(number))
    # Its ledger has files of 4, 2 and 1 rows; the newest has merged them into one.
    state.restore(state.manifest.generations[1].number)
    newest, older, oldest = state.manifest.generations
    assert newest.ledger == oldest.ledger != older.ledger
    assert [file.n_rows for file in newest.ledger.files] == [4, 2, 1]
    state.ingest(day(9, 9), batch_id="9")
    named = {f.name for each in state.manifest.generations for f in each.ledger.files}
    assert ledger_files(state) == named
    state.ingest(day(9, 9, 10), replace_batch="9")  # adds nothing to the ledger
    newest, older, _ = state.manifest.generations
    assert newest.ledger == older.ledger


def test_replaced_batch__stays_known_by_all_its_files(state, file):
    wrong, right = file("wrong.parquet", day(1, 7, 7)), file("right.parquet", day(1, 7))
    state.ingest(wrong, batch_id="monday")
    state.ingest(right, replace_batch="monday")
    state.ingest(wrong, replace_batch="monday")
    assert [f.n_rows for f in state.manifest.newest.ledger.files] == [2]
    assert state.ingest([wrong, right]).skipped == {str(wrong): "monday", str(right): "monday"}
    assert state.summary()["batches_ingested"] == 1


def test_batch_of_many_files__is_known_by_each(state, file):
    files = [file(f"{number}.parquet", day(1, number)) for number in range(5)]
    state.ingest(files, batch_id="all")
    assert state.ingest(files[3], batch_id="one").skipped == {str(files[3]): "all"}
    assert state.summary()["batches_ingested"] == 1


class Locked(LocalDisk):
    """A disk on which no file of a ledger can be opened."""

    def open(self, path):
        assert not path.name.startswith("ledger-")
        return super().open(path)


def test_readers__do_not_open_the_ledger(state):
    state.ingest(day(1, 7), batch_id="monday")
    opened = rfm.State.open(state.path, disk=Locked())
    assert opened.totals().n_customers == 1
    assert opened.summary()["batches_ingested"] == 1


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_ingest__names_a_damaged_ledger_and_the_rest_works(state, damage):
    state.ingest(day(1, 7), batch_id="monday")
    state.ingest(day(2, 8), batch_id="tuesday")
    [lost] = state.manifest.newest.ledger.files
    path = state.path / "data" / lost.name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[::-1])
    contract = "must exist" if damage == "missing" else "must be unchanged"
    for again in ({"batch_id": "wednesday"}, {"replace_batch": "tuesday"}):
        with pytest.raises(rfm.StateError, match=f"{lost.name}' {contract}"):
            state.ingest(day(3, 9), **again)
    [fault] = state.verify()
    assert lost.name in fault
    assert state.totals().n_customers == 2
    assert state.forget(7) == [7]
    state.restore(state.manifest.generations[-1].number)
    assert state.ingest(day(2, 8), batch_id="tuesday").batch == "tuesday"


def test_verify__counts_the_batches_of_the_ledger(state):
    state.ingest(day(1, 7), batch_id="monday")
    ledger = state.manifest.newest.ledger
    faults = published(state, ledger._replace(n_batches=5)).verify()
    assert faults == ["the ledger of generation 3 must have 5 batches; got 1."]


OTHER_TABLES = {
    "columns": (pa.table({"batch": ["monday"]}), "must be decoded; got columns batch"),
    "rows": (pa.table({"batch": ["a", "b"], "fingerprint": ["c", "d"]}), "must have 1 rows; got 2"),
}


@pytest.mark.parametrize("kind", [*OTHER_TABLES, "no Parquet"])
def test_verify__decodes_the_ledger(state, kind):
    state.ingest(day(1, 7), batch_id="monday")
    table, message = OTHER_TABLES.get(kind, (None, "must be decoded; got"))
    sink = io.BytesIO(b"no Parquet")
    if table is not None:
        pq.write_table(table, sink, store_schema=False)
    file = Store(state.path).add(3, "ledger", 0, [1], memoryview(sink.getvalue()))
    [fault] = published(state, Ledger(1, (file,))).verify()
    assert file.name in fault
    assert message in fault


def changed(state, change):
    """Publish the same manifest with a changed body."""
    [path] = state.path.glob("manifest-*")
    body = json.loads(path.read_text())["state"]
    change(body)
    text = json.dumps(body)
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(f'{{"sha256": "{digest}", "state": {text}}}\n')
    return rfm.State.open(state.path)


def test_manifest__of_a_later_format_is_refused(state):
    with pytest.raises(rfm.StateError, match=r"have format 2 or older; got 3\. Use a newer rfm-en"):
        changed(state, lambda body: body.update(format=3))


@pytest.mark.parametrize("option", ["refunds", "where", "rates"])
def test_manifest__without_an_option_means_its_default(state, option):
    state.ingest(day(1, 7), batch_id="monday")
    before, summary = state.options, state.summary()
    opened = changed(state, lambda body: body["options"].pop(option))
    assert list(opened.options.pop(option) or []) == list(before[option] or [])
    assert opened.options.keys() == before.keys()
    assert opened.summary() == summary
    assert opened.ingest(day(2, 8), batch_id="tuesday").rows.counted == 1
    assert sorted(rfm.score(opened, as_of="newest").customers["customer_id"].to_pylist()) == [7, 8]


def test_manifest__with_an_option_of_a_later_version_is_refused(state):
    with pytest.raises(
        rfm.StateError, match="must have only options that this version supports; got 'x'"
    ):
        changed(state, lambda body: body["options"].update(x=1))
