"""Versions of a Delta table are added to a state once, each as a batch, and only if they add rows.

`deltalake` is imported late, because not every process of the tests needs it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError, UsageError
from rfm_engine.state.manifest import NOTHING

AS_OF = "2026-02-01"


def orders(*customers, day=1, **more):
    """Return one order of each customer, for 10.5."""
    n = len(customers)
    times = pa.array([datetime(2026, 1, day, tzinfo=UTC)] * n, pa.timestamp("us", "UTC"))
    return pa.table({"customer_id": customers, "order_time": times, "amount": [10.5] * n} | more)


VERSIONS = [orders(1, 2), orders(2, 3, day=2), orders(2, 3, day=2), orders(4, day=3)]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write a table of four versions; the second and the third are equal."""
    from deltalake import write_deltalake

    monkeypatch.chdir(tmp_path)
    for rows in VERSIONS:
        write_deltalake("shop/orders", rows, mode="append")
    return tmp_path / "shop" / "orders"


@pytest.fixture
def state(tmp_path):
    return rfm.State.create(tmp_path / "state")


def append(rows, **options):
    from deltalake import write_deltalake

    write_deltalake("shop/orders", rows, mode="append", **options)


def delta():
    from deltalake import DeltaTable

    return DeltaTable("shop/orders")


def totals(state):
    return state.totals(as_of=AS_OF).finish().sort_by("customer_id")


def same(*rows, **options):
    """Return the totals of a state that gets tables one by one."""
    built = rfm.CustomerTotals(as_of=AS_OF, **options)
    for each in rows:
        built.update(each)
    return built.finish().sort_by("customer_id")


def test_range__adds_each_version_as_a_batch_in_a_generation(table, state):
    done = state.ingest("delta:shop/orders@0..3")
    names = [f"delta:{table}@{version}" for version in range(4)]
    assert [batch["id"] for batch in state.summary()["batches"]] == names
    assert (done.generation, done.batch, done.n_inputs) == (5, names[3], 4)
    assert {name: rows.counted for name, rows in done.batches.items()} == dict(
        zip(names, [2, 2, 2, 1], strict=True)
    )
    assert (done.rows.read, done.rows.counted) == (7, 7)
    assert totals(state).equals(same(*VERSIONS))


@pytest.mark.usefixtures("table")
def test_range__equals_versions_one_by_one(state, tmp_path):
    state.ingest("delta:shop/orders@0..3")
    other = rfm.State.create(tmp_path / "other")
    for version in range(4):
        other.ingest(f"delta:shop/orders@{version}..{version}")
    assert totals(other).equals(totals(state))
    assert other.summary()["batches"] == state.summary()["batches"]


@pytest.mark.parametrize("written", ["shop/orders", "./shop/../shop/orders/", "{table}", "link"])
def test_version__counts_once_however_its_path_is_written(table, state, written):
    (table.parent.parent / "link").symlink_to(table)
    state.ingest("delta:shop/orders@0..2")
    again = state.ingest(f"delta:{written.format(table=table)}@1..3")
    names = [f"delta:{table}@{version}" for version in range(4)]
    assert again.skipped == {name: name for name in names[1:3]}
    assert list(again.batches) == names[3:]
    assert totals(state).equals(same(*VERSIONS))


def test_version__counts_once_after_the_table_was_moved(table, state):
    state.ingest("delta:shop/orders@0..2")
    table.rename(table.parent / "moved")
    again = state.ingest("delta:shop/moved@2..3")
    assert again.skipped == {f"delta:{table.parent}/moved@2": f"delta:{table}@2"}
    assert totals(state).equals(same(*VERSIONS))


def test_whole_table__is_one_batch_and_later_its_new_versions(table, state):
    first = state.ingest("delta:shop/orders@1")
    assert (list(first.batches), first.rows.counted) == ([f"delta:{table}@1"], 4)
    assert totals(state).equals(same(*VERSIONS[:2]))
    more = state.ingest(["delta:shop/orders"])
    assert list(more.batches) == [f"delta:{table}@2", f"delta:{table}@3"]
    assert totals(state).equals(same(*VERSIONS))
    again = state.ingest("delta:shop/orders")
    assert (again.batch, again.rows) == (None, NOTHING)
    assert again.skipped == {f"delta:{table}@3": f"delta:{table}@3"}


def test_whole_table__contains_the_versions_before_it(table, state):
    delta().optimize.compact()
    state.ingest("delta:shop/orders")
    again = state.ingest("delta:shop/orders@0..4")
    assert set(again.skipped.values()) == {f"delta:{table}@4"}
    assert len(again.skipped) == 5
    assert state.ingest("delta:shop/orders@2").batch is None
    assert totals(state).equals(same(*VERSIONS))


@pytest.mark.usefixtures("table")
def test_version__before_those_in_the_state_is_refused_without_a_range(state):
    state.ingest("delta:shop/orders@2..3")
    with pytest.raises(UsageError, match=r"orders@1 must not be before .*; got 2 as the oldest"):
        state.ingest("delta:shop/orders@1")
    state.ingest("delta:shop/orders@0..1")
    assert totals(state).equals(same(*VERSIONS))


def test_versions__that_only_rewrite_files_are_skipped_and_named(table, state):
    delta().optimize.compact()
    append(orders(5, day=4))
    done = state.ingest("delta:shop/orders@3..5")
    assert done.without_rows == {f"delta:{table}@4": "OPTIMIZE"}
    assert list(done.batches) == [f"delta:{table}@3", f"delta:{table}@5"]
    only = state.ingest("delta:shop/orders@4..4")
    assert (only.batch, only.without_rows) == (None, done.without_rows)


@pytest.mark.usefixtures("table")
def test_version__that_removes_rows_is_refused_before_any_is_added(state):
    delta().delete("customer_id = 3")
    append(orders(5, day=4))
    with pytest.raises(DataError, match=r"orders@4 must only add rows; got .* by DELETE\. Create"):
        state.ingest("delta:shop/orders@0..5")
    assert state.manifest.newest.number == 1
    assert state.ingest("delta:shop/orders").rows.counted == 6


def test_version__whose_log_was_deleted_is_refused_and_later_ones_are_not(table, state):
    delta().create_checkpoint()
    append(orders(5, day=4))
    for version in (0, 1, 3):
        (table / "_delta_log" / f"{version:020}.json").unlink()
    with pytest.raises(UsageError, match=r"orders@1 must be in the log .*; got 2 as the next"):
        state.ingest("delta:shop/orders@1..4")
    assert state.manifest.newest.number == 1
    assert state.ingest("delta:shop/orders@4..4").rows.counted == 1


@pytest.mark.usefixtures("table")
def test_version__whose_files_were_deleted_is_refused_before_any_is_added(state):
    delta().optimize.compact()
    delta().vacuum(0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(UsageError, match=r"orders@0 must still have its files; got no /.*parquet"):
        state.ingest("delta:shop/orders@0..4")
    assert state.ingest("delta:shop/orders").rows.counted == 7


@pytest.mark.usefixtures("table")
def test_version__that_does_not_exist_is_refused(state):
    for given in ("@2..4", "@4"):
        with pytest.raises(UsageError, match=r"orders@4 must exist; got 3 as the newest version"):
            state.ingest(f"delta:shop/orders{given}")
    assert state.manifest.newest.number == 1


def test_version__without_rows_adds_no_batch(tmp_path, monkeypatch, state):
    from deltalake import DeltaTable

    monkeypatch.chdir(tmp_path)
    DeltaTable.create("shop/orders", orders(1).schema)
    name = f"delta:{tmp_path}/shop/orders@0"
    assert state.ingest("delta:shop/orders@0..0").without_rows == {name: "CREATE TABLE"}
    assert state.ingest("delta:shop/orders").batch is None
    append(orders(1))
    assert state.ingest("delta:shop/orders").rows.counted == 1


def test_columns__of_partitions_and_later_versions_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = orders(1, 2, shop=["a b/ö", None])
    later = orders(2, 3, day=2, shop=["x=1", "x=1"], status=["paid", "void"])
    append(first, partition_by=["shop"])
    append(later, partition_by=["shop"], schema_mode="merge")
    state = rfm.State.create("state", by="shop", where=["status!=void"])
    done = state.ingest("delta:shop/orders@0..1")
    plain = [first.append_column("status", pa.nulls(2, pa.string())), later]
    expected = same(*plain, by="shop", where=["status!=void"])
    keys = [("customer_id", "ascending"), ("shop", "ascending")]
    found = state.totals(as_of=AS_OF).finish()
    assert found.sort_by(keys).equals(expected.sort_by(keys))
    assert done.rows.dropped["filtered"] == 1


def test_ingest__that_is_interrupted_continues_with_the_next_version(table, state):
    seen = []

    def stop(at):
        seen.append((at.rows, at.total_rows))
        if at.rows >= 4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        state.ingest("delta:shop/orders@0..3", progress=stop, threads=1)
    assert [batch["id"] for batch in state.summary()["batches"]] == [f"delta:{table}@0"]
    assert all(total == 7 for _, total in seen)
    state.ingest("delta:shop/orders@0..3")
    assert totals(state).equals(same(*VERSIONS))


REFUSED = {
    "batch id": ("delta:shop/orders@0..1", {"batch_id": "x"}, "batch_id and replace_batch must be"),
    "replace": ("delta:shop/orders@0..1", {"replace_batch": "x"}, "replace_batch must be omitted"),
    "two": (["delta:shop/orders@0..1", "orders.parquet"], {}, "must be ingested alone; got 2"),
    "missing": ("delta:shop/none@0..1", {}, "shop/none must exist; got no such file or folder"),
    "folder": ("delta:shop@0..1", {}, "shop must be a Delta table; got no versions"),
    "iceberg": ("iceberg:lake.shop.orders", {"batch_id": "x"}, "must be given the rows that are"),
    "descending": ("delta:shop/orders@2..1", {}, r"Write @1\.\.2\."),
}  # fmt: skip


@pytest.mark.parametrize(("given", "options", "said"), REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("table")
def test_table__is_refused_with_a_reason(state, given, options, said):
    with pytest.raises(UsageError, match=said):
        state.ingest(given, **options)


@pytest.mark.usefixtures("table")
def test_column__that_the_table_lacks_is_named_with_its_option(tmp_path):
    state = rfm.State.create(tmp_path / "other", customer="buyer")
    with pytest.raises(UsageError, match=r"customer column 'buyer' must exist in .*customer_id"):
        state.ingest("delta:shop/orders@0..1")


def test_log__that_is_damaged_is_named(table, state):
    log = table / "_delta_log" / f"{2:020}.json"
    for text in ('{"add": ', "[1]", '{"add": {"dataChange": true}}', '{"add": [1]}'):
        log.write_text(text)
        with pytest.raises(DataError, match=rf"{2:020}\.json must contain a readable log"):
            state.ingest("delta:shop/orders@0..3")
    assert state.manifest.newest.number == 1


def test_version__with_rows_that_are_refused_leaves_those_before_it(table, tmp_path):
    said = []
    append(orders(5, day=4).set_column(2, "amount", [[-1.0]]))
    state = rfm.State.create(tmp_path / "strict", refunds="error")
    for _ in range(2):
        with pytest.raises(DataError, match=r"/shop/orders/part-.*row 1") as refused:
            state.ingest("delta:shop/orders@0..4")
        assert totals(state).equals(same(*VERSIONS))
        said.append(str(refused.value).partition("Before this, ")[2])
    assert said == [f"delta:{table}@0 to delta:{table}@3 were added.", ""]


def test_batch_of_a_version__cannot_be_replaced(table, state):
    state.ingest("delta:shop/orders@0..1")
    state.ingest(orders(8), batch_id="monday")
    with pytest.raises(UsageError, match=r"kept batches \(monday\); got .*, a version of a table"):
        state.ingest(orders(9), replace_batch=f"delta:{table}@0")
    with pytest.raises(UsageError, match="batch_id must not begin with delta:"):
        state.ingest(orders(9), batch_id=f"delta:{table}@2")
    can = [batch["can_be_replaced"] for batch in state.summary()["batches"]]
    assert can == [False, False, True]
