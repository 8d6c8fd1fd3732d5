"""`distinct` in a state: duplicates are recognised within the kept batches."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from tests.compare import totals_of

NOON = datetime(2025, 3, 1, 12)
# Every example writes and syncs a dozen files.
FEWER = settings(max_examples=settings().max_examples // 3)
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("order_time", pa.timestamp("us")),
        ("amount", pa.float64()),
        ("order_id", pa.int64()),
        ("shop", pa.string()),
        ("key", pa.string()),
        ("line", pa.int64()),
    ]
)


def row_of(number: int | None, *, rounded: bool = False) -> dict[str, Any]:
    """Return the row of a key; all its values are computed from `number`."""
    n = 0 if number is None else number
    return {
        "customer_id": f"customer {n % 3}",
        "order_time": NOON + timedelta(days=n % 5),
        "amount": n + (0.001 if rounded else 0),
        "order_id": None if n % 4 == 0 else n // 2,
        "shop": None if n % 3 == 0 else "north",
        "key": None if number is None else f"key {n}",
        "line": n,
    }


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, SCHEMA)


rows = st.builds(
    lambda number, rounded: row_of(number, rounded=rounded),
    st.one_of(st.none(), st.integers(0, 9)),
    st.integers(0, 3).map(lambda n: n == 0),
)
batches = st.lists(rows, max_size=8)
options = st.fixed_dictionaries(
    {"distinct": st.sampled_from(["key", ["line", "key"], ["key", "customer_id", "order_time"]])},
    optional={
        "order": st.just("order_id"),
        "by": st.just("shop"),
        "history": st.just("rolling:300d"),
    },
)


@contextmanager
def state_of(**options: Any) -> Iterator[rfm.State]:
    with tempfile.TemporaryDirectory() as folder:
        yield rfm.State.create(Path(folder) / "state", **options)


def assert_equals_a_run_over(state: rfm.State, kept: dict[str, list[dict[str, Any]]], options):
    asked = {"window": "300d"} if "history" in options else {}
    reading = {name: options[name] for name in options if name != "history"}
    orders = table_of([row for batch in kept.values() for row in batch])
    whole = rfm.score(orders, as_of="newest", **reading)
    found = rfm.score(state, as_of="newest", **asked)
    assert found.rows == whole.rows
    assert sorted(map(str, found.customers.to_pylist())) == sorted(
        map(str, whole.customers.to_pylist())
    )
    assert state.verify() == []


@FEWER
@given(
    steps=st.lists(st.tuples(batches, st.integers(0, 7)), min_size=1, max_size=6), options=options
)
def test_state__equals_a_run_over_all_orders_while_all_batches_are_kept(steps, options):
    kept: dict[str, list[dict[str, Any]]] = {}
    names = map(str, count())
    with state_of(**options) as state:
        for batch, which in steps:
            replaced = str(which)
            if replaced not in kept:
                name = next(names)
                state.ingest(table_of(batch), batch_id=name)
                kept[name] = batch
            else:
                try:
                    state.ingest(table_of(batch), replace_batch=replaced)
                    kept[replaced] = batch
                except rfm.UsageError:
                    assert_shares_a_key(kept, replaced)
            assert_equals_a_run_over(state, kept, options)


def assert_shares_a_key(kept: dict[str, list[dict[str, Any]]], replaced: str) -> None:
    keys = {name: {row["key"] for row in batch} - {None} for name, batch in kept.items()}
    others = [keys[name] for name in keys if name != replaced]
    assert any(keys[replaced] & other for other in others)


@FEWER
@given(
    steps=st.lists(batches, min_size=1, max_size=6),
    keep=st.integers(0, 3),
    replacing=st.booleans(),
)
def test_state__knows_rows_as_long_as_a_kept_batch_has_them(steps, keep, replacing):
    known: list[set[str]] = []
    n_counted = 0
    with state_of(keep_batches=keep, distinct="key") as state:
        for number, batch in enumerate(steps):
            keys = [row["key"] for row in batch]
            before = set().union(*known)
            fresh = {key for key in keys if key is not None} - before
            ingested = state.ingest(table_of(batch), batch_id=str(number))
            expected = len(fresh) + keys.count(None)
            assert ingested.rows.counted == expected
            assert ingested.rows.dropped["duplicate"] == len(keys) - expected
            n_counted += expected
            if replacing and keep:
                again = state.ingest(table_of(batch[::-1]), replace_batch=str(number))
                assert again.rows == ingested.rows
            known = [*known, set(keys) - {None}][-keep:] if keep else []
        assert rfm.score(state, as_of="newest").rows.counted == n_counted


@pytest.mark.parametrize("keep", [1, 7])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_replace__counts_the_rounded_amount_of_equal_rows_once(keep, first, second):
    with state_of(keep_batches=keep, distinct="key") as state:
        state.ingest(table_of([row_of(1, rounded=first)]), batch_id="a")
        batch = table_of([row_of(1), row_of(1, rounded=second)])
        assert state.ingest(batch, batch_id="b").rows.amounts_rounded == (second and not first)
        again = state.ingest(batch, replace_batch="b").rows
        assert (again.counted, again.amounts_rounded) == (0, second and not first)
        rows = rfm.score(state, as_of="newest").rows
        assert (rows.counted, rows.amounts_rounded) == (1, first or second)


def test_replace__of_a_batch_that_accounts_for_a_rounded_amount_of_others_is_refused():
    with state_of(distinct="key") as state:
        for name, rounded in (("a", False), ("b", True), ("c", True)):
            state.ingest(table_of([row_of(1, rounded=rounded)]), batch_id=name)
        other = table_of([row_of(2)])
        for name, repeating in (("a", "b"), ("b", "c")):
            with pytest.raises(rfm.UsageError, match=f"got '{name}', and '{repeating}' repeats 1"):
                state.ingest(other, replace_batch=name)
        assert state.ingest(other, replace_batch="c").rows.counted == 1
        assert rfm.score(state, as_of="newest").rows.amounts_rounded == 1


@pytest.fixture
def shop(tmp_path) -> rfm.State:
    """Three batches: the second repeats key 2 of the first."""
    state = rfm.State.create(tmp_path / "shop", order="order_id", distinct="key")
    for name, numbers in (("mon", (1, 2)), ("tue", (2, 3)), ("wed", (4,))):
        state.ingest(table_of([row_of(number) for number in numbers]), batch_id=name)
    return state


def test_replace__of_a_batch_that_others_repeat_is_refused_and_nothing_changes(shop):
    before = rfm.score(shop, as_of="newest").rows
    with pytest.raises(rfm.UsageError) as refused:
        shop.ingest(table_of([row_of(1)]), replace_batch="mon")
    assert str(refused.value) == (
        "replace_batch must name a batch whose rows no other batch repeats; got 'mon', and 'tue' "
        "repeats 1 of them. Restore the generation before it, and ingest both again."
    )
    assert rfm.score(shop, as_of="newest").rows == before
    assert shop.ingest(table_of([row_of(2)]), replace_batch="tue").rows.counted == 0
    assert shop.ingest(table_of([row_of(3)]), replace_batch="tue").rows.counted == 1
    assert shop.ingest(table_of([row_of(1)]), replace_batch="mon").rows.counted == 1


def test_ingest__rows_that_differ_from_those_of_a_kept_batch_are_refused(shop):
    before = shop.summary()
    different = row_of(2) | {"amount": 99.0}
    with pytest.raises(rfm.DataError, match=r"got amount 2\.00 and 99\.00 for key 'key 2'"):
        shop.ingest(table_of([row_of(5), different]), batch_id="thu")
    assert shop.summary() == before
    assert not list(shop.path.glob("data/*-5-*"))


def test_forget__deletes_the_rows_of_a_customer_too(shop):
    assert shop.forget("customer 2") == ["customer 2"]
    assert shop.verify() == []
    for place in (shop.path / "data").glob("*.parquet"):
        assert b"customer 2" not in b"".join(_bytes_of(pq.read_table(place)))
    assert shop.ingest(table_of([row_of(1), row_of(2)]), batch_id="thu").rows.counted == 1


def _bytes_of(table: pa.Table) -> Iterator[bytes]:
    for column in table.columns:
        for value in column.to_pylist():
            yield value if isinstance(value, bytes) else str(value).encode()


def test_state__keeps_rows_of_batches_that_can_be_replaced_only(shop, tmp_path):
    def roles(state: rfm.State) -> list[str]:
        return sorted(file.role for file in state.manifest.newest.files if file.role == "distinct")

    assert len(roles(shop)) == 3
    other = rfm.State.create(tmp_path / "other", keep_batches=1, distinct=["key"])
    for name in ("mon", "tue"):
        other.ingest(table_of([row_of(len(name))]), batch_id=name)
    assert len(roles(other)) == 1


def test_state__a_restored_generation_knows_its_own_rows_only(shop):
    shop.restore(3)
    assert shop.ingest(table_of([row_of(4)]), batch_id="thu").rows.counted == 1
    assert shop.ingest(table_of([row_of(4), row_of(3)]), batch_id="fri").rows.counted == 0


def test_score__of_a_state_takes_distinct_as_it_was_set_or_left_out(shop, tmp_path):
    for asked in ({"distinct": "key"}, {"distinct": ["key"]}, {}):
        result = rfm.score(shop, as_of="newest", **asked)
        assert result.rows.dropped["duplicate"] == 1
    for other in ("line", ()):
        with pytest.raises(rfm.StateError, match=r"distinct must be as set .* \['key'\]"):
            rfm.score(shop, as_of="newest", distinct=other)
    plain = rfm.State.create(tmp_path / "plain")
    with pytest.raises(rfm.StateError, match=r"distinct must be as set .* not given"):
        rfm.score(plain, as_of="newest", distinct="key")


def test_state__made_before_there_was_the_option_opens_and_takes_orders(tmp_path):
    state = rfm.State.create(tmp_path / "old")
    old = state.manifest
    options = {name: value for name, value in old.options.items() if name != "distinct"}
    with state._writing():
        newest = old.newest._replace(number=2)
        state._publish(old._replace(options=options, generations=(newest,)))
    orders = table_of([row_of(1), row_of(1)])
    state = rfm.State.open(tmp_path / "old")
    assert state.ingest(orders, batch_id="a").rows.counted == 2
    assert rfm.score(state, as_of="newest").rows.dropped["duplicate"] == 0
    with pytest.raises(rfm.StateError, match="distinct must be as set"):
        rfm.score(state, as_of="newest", distinct="key")


def test_totals__of_a_state_cannot_be_added_to(shop):
    totals = shop.totals()
    for name in ("update", "merge", "absorb"):
        assert not hasattr(totals, name)
    with pytest.raises(rfm.UsageError, match="must be without order, distinct to be exported"):
        totals.export()
    assert len(totals_of(totals.finish())) == 3
    assert shop.summary()["options"] == {"order": "order_id", "distinct": ["key"]}
