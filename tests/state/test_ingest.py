"""Orders are added to a state once, however often and under whatever name they are ingested."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager
from datetime import date
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.state import ingest
from tests.shapes import orders_table

DAY_US = 86_400_000_000


def day(number, *customers):
    """Return one order of each customer, for 100."""
    return orders_table(list(customers), [number * DAY_US] * len(customers), [100] * len(customers))


@pytest.fixture
def state(tmp_path):
    return rfm.State.create(tmp_path / "state")


@pytest.fixture
def file(tmp_path):
    def made(name, table):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, place)
        return place

    return made


def frequencies(state):
    table = state.totals().finish()
    return dict(zip(table["customer_id"].to_pylist(), table["frequency"].to_pylist(), strict=True))


def test_file__counts_once_under_any_name(state, file, tmp_path):
    first = file("monday.parquet", day(1, 7, 8))
    copy = tmp_path / "copy.parquet"
    shutil.copy(first, copy)
    done = state.ingest(first)
    again = state.ingest([first, copy])
    assert again.batch is None
    assert again.generation == done.generation
    assert again.skipped == {str(first): done.batch, str(copy): done.batch}
    assert frequencies(state) == {7: 1, 8: 1}


def test_files__that_are_new_are_added_beside_those_that_are_not(state, file):
    first, second = file("a.parquet", day(1, 7)), file("b.parquet", day(2, 7))
    done = state.ingest(first)
    more = state.ingest([first, second])
    assert more.skipped == {str(first): done.batch}
    assert (more.rows.read, frequencies(state)) == (1, {7: 2})


def test_file__given_twice_at_once_counts_once(state, file, tmp_path):
    first = file("a.parquet", day(1, 7))
    shutil.copy(first, tmp_path / "b.parquet")
    done = state.ingest([first, tmp_path / "b.parquet"], batch_id="monday")
    assert done.skipped == {str(tmp_path / "b.parquet"): "monday"}
    assert frequencies(state) == {7: 1}


def test_file__of_another_day_by_its_folder_is_another(tmp_path, file):
    state = rfm.State.create(tmp_path / "state", time="day")
    table = day(1, 7).drop_columns(["order_time"])
    file("lake/day=2026-01-01/orders.parquet", table)
    file("lake/day=2026-01-02/orders.parquet", table)
    done = state.ingest(tmp_path / "lake")
    assert (done.skipped, frequencies(state)) == ({}, {7: 2})


def test_batch_id__counts_once_whatever_comes_under_it(state):
    assert state.ingest(day(1, 7), batch_id="monday").batch == "monday"
    again = state.ingest(day(2, 9), batch_id="monday")
    assert (again.batch, again.skipped) == (None, {"monday": "monday"})
    assert frequencies(state) == {7: 1}


@pytest.mark.parametrize(
    "orders", [day(1, 7), day(1, 7).to_batches(), day(1, 7).to_reader(), "-"], ids=type
)
def test_orders__that_nothing_tells_apart_need_a_batch_id(state, orders):
    with pytest.raises(rfm.UsageError, match="batch_id must be given"):
        state.ingest(orders)


def test_replace__corrects_a_batch_in_its_place(state, file):
    wrong = file("wrong.parquet", day(1, 7, 7, 8))
    done = state.ingest(wrong)
    state.ingest(day(2, 7), batch_id="tuesday")
    right = file("right.parquet", day(1, 7, 9))
    assert state.ingest(right, replace_batch=done.batch).batch == done.batch
    assert frequencies(state) == {7: 2, 9: 1}
    assert state.ingest(right, replace_batch=done.batch).batch is None
    assert state.ingest([wrong, right]).batch is None
    assert frequencies(state) == {7: 2, 9: 1}
    assert [batch["id"] for batch in state.summary()["batches"]] == [done.batch, "tuesday"]
    state.ingest(wrong, replace_batch=done.batch)
    assert state.ingest([wrong, right]).batch is None
    assert frequencies(state) == {7: 3, 8: 1}


def test_batch__without_a_name_never_gets_that_of_another(state, file):
    given = file("monday.parquet", day(1, 7))
    content = hashlib.sha256(given.read_bytes()).hexdigest()
    name = hashlib.sha256(content.encode()).hexdigest()
    state.ingest(day(2, 7), batch_id=name[:12])
    assert state.ingest(given).batch == name[:13]
    assert frequencies(state) == {7: 2}


def test_replace__takes_kept_batches_only(tmp_path):
    state = rfm.State.create(tmp_path / "state", keep_batches=1)
    for name in ("monday", "tuesday"):
        state.ingest(day(1, 7), batch_id=name)
    for name, said in (("monday", "which is settled"), ("sunday", "never ingested")):
        with pytest.raises(rfm.UsageError, match=said):
            state.ingest(day(2, 7), replace_batch=name)
    with pytest.raises(rfm.UsageError, match="must be used without batch_id"):
        state.ingest(day(2, 7), replace_batch="tuesday", batch_id="tuesday")


def test_lines__of_an_order_in_a_kept_batch_are_of_that_order(tmp_path):
    state = rfm.State.create(tmp_path / "state", order="order_id", keep_batches=2)
    numbers = iter(range(9))

    def add(*orders):
        table = day(next(numbers), *[7] * len(orders))
        table = table.append_column("order_id", pa.array(orders))
        state.ingest(table, batch_id=f"batch {next(numbers)}")
        return frequencies(state)[7]

    assert add("a", "b") == 2
    assert add("a") == 2  # the first batch is kept
    assert add("c", "b") == 3
    assert add("a") == 3  # the second batch is kept, and contains it too


def test_lines__of_an_order_in_no_kept_batch_are_a_new_order(tmp_path):
    state = rfm.State.create(tmp_path / "state", order="order_id", keep_batches=1)
    for number in range(3):
        order = "a" if number != 1 else "b"
        table = day(number, 7).append_column("order_id", pa.array([order]))
        state.ingest(table, batch_id=str(number))
    assert frequencies(state) == {7: 3}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (day(1, 7).set_column(0, "customer_id", pa.array(["7"])), "kind of 'customer_id'"),
        (day(1, 7).set_column(2, "amount", pa.array([1.5])), "'amount'"),
    ],
    ids=["text", "float"],
)
def test_drift__from_what_the_state_holds_is_refused(state, table, said):
    state.ingest(day(1, 7), batch_id="monday")
    with pytest.raises(rfm.DataError, match=rf"{said}.* in orders and .* in the state"):
        state.ingest(table, batch_id="tuesday")
    assert frequencies(state) == {7: 1}
    assert state.gc() == []


def test_currency__is_one_over_all_batches(tmp_path):
    state = rfm.State.create(tmp_path / "state", currency="currency")
    for name, money in (("monday", "EUR"), ("tuesday", "USD")):
        table = day(1, 7).append_column("currency", pa.array([money]))
        if money == "EUR":
            state.ingest(table, batch_id=name)
            continue
        with pytest.raises(rfm.DataError, match="one currency; got 'EUR', 'USD'"):
            state.ingest(table, batch_id=name)


def test_sum__that_leaves_64_bits_on_the_way_is_exact(state):
    amounts = pa.array([9 * 10**17] * 11 + [-9 * 10**17] * 11)
    table = orders_table([7] * 22, [DAY_US] * 22, amounts)
    for number in range(0, 22, 2):
        state.ingest(table.slice(number, 2), batch_id=str(number))
    assert state.totals().finish()["monetary"].to_pylist() == [0]
    state.ingest(table.slice(0, 2), batch_id="too much")
    with pytest.raises(rfm.DataError, match="monetary must have at most 18 digits; customer 7"):
        state.totals().finish()
    assert state.verify() == []


def test_file__that_changes_while_it_is_read_is_refused(state, file, monkeypatch):
    place = file("monday.parquet", day(1, 7))
    scan = ingest.scan

    def slow_scan(*given):
        file("monday.parquet", day(1, 8))
        return scan(*given)

    monkeypatch.setattr(ingest, "scan", slow_scan)
    with pytest.raises(rfm.DataError, match=r"monday\.parquet must not change while"):
        state.ingest(place)
    assert state.summary()["generation"] == 1


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[31m", 7])
def test_batch_id__is_text_on_one_line(state, name):
    with pytest.raises(rfm.UsageError, match="batch_id must be text on one line"):
        state.ingest(day(1, 7), batch_id=name)


def test_correction__of_the_only_batch_with_an_order_forgets_it(tmp_path):
    """A settled batch contains order a. The kept batch contained it too, until it was replaced."""
    state = rfm.State.create(tmp_path / "state", order="order_id", keep_batches=1)
    for number, order in enumerate(["a", "a"]):
        table = day(number, 7).append_column("order_id", pa.array([order]))
        state.ingest(table, batch_id=str(number))
    assert frequencies(state) == {7: 1}
    corrected = day(1, 7).append_column("order_id", pa.array(["b"]))
    state.ingest(corrected, replace_batch="1")
    state.ingest(day(2, 7).append_column("order_id", pa.array(["a"])), batch_id="2")
    assert frequencies(state) == {7: 3}


def test_files__beside_a_pipe_count_once(state, file, tmp_path):
    known, fresh = file("monday.parquet", day(1, 7)), file("tuesday.parquet", day(2, 8))
    monday = state.ingest(known).batch
    pipe = tmp_path / "wednesday"
    os.mkfifo(pipe)
    with pytest.raises(rfm.UsageError, match="batch_id must be given"):
        state.ingest([known, fresh, pipe])
    with streamed(day(3, 9), pipe):
        done = state.ingest([known, fresh, pipe], batch_id="night")
    assert done.skipped == {str(known): monday}
    assert state.ingest(fresh).skipped == {str(fresh): "night"}
    with streamed(day(3, 9, 9), pipe):
        state.ingest([fresh, pipe], replace_batch="night")  # the pipe may contain anything
    assert frequencies(state) == {7: 1, 8: 1, 9: 2}


@contextmanager
def streamed(table, pipe):
    """Write a table to a pipe in a thread, while the test reads it."""

    def write():
        with pipe.open("wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)

    writer = Thread(target=write)
    writer.start()
    yield
    writer.join()


def test_file__without_a_column_of_the_state_is_refused(state, file):
    lacking = file("tuesday.parquet", day(2, 8).drop_columns("amount"))
    with pytest.raises(rfm.UsageError, match="column 'amount' must exist"):
        state.ingest(lacking)
    state.ingest(day(1, 7), batch_id="monday")
    with pytest.raises(rfm.DataError, match=r"got it in the state and not in .*tuesday.parquet"):
        state.ingest(lacking)


def test_replace__of_the_only_batch_corrects_kinds_and_currency(tmp_path):
    state = rfm.State.create(tmp_path / "state", currency="currency")
    wrong = day(1, 7).append_column("currency", pa.array(["EUR"]))
    right = wrong.set_column(3, "currency", pa.array(["USD"]))
    right = right.set_column(0, "customer_id", pa.array(["seven"]))
    state.ingest(wrong, batch_id="monday")
    state.ingest(right, replace_batch="monday")
    assert frequencies(state) == {"seven": 1}
    state.ingest(right, batch_id="tuesday")
    with pytest.raises(rfm.DataError, match="in one currency"):
        state.ingest(right.set_column(3, "currency", pa.array(["EUR"])), replace_batch="monday")
    with pytest.raises(rfm.DataError, match="customer_id"):
        state.ingest(wrong, replace_batch="monday")


def test_totals__of_a_state_are_merged_into_no_others(state):
    state.ingest(day(1, 7), batch_id="monday")
    live = rfm.CustomerTotals(as_of=date(2026, 1, 1), **state.options)
    with pytest.raises(rfm.UsageError, match="must be CustomerTotals to be merged"):
        live.merge(state.totals(as_of="2026-01-01"))
    assert live.rows.read == 0
