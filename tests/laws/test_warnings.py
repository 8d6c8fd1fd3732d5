"""Test warnings: one record each, for any threads and batches, and never printed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED, DEEP

AS_OF = "2026-12-31"
INT64 = pa.int64()
START = datetime(2026, 1, 1, 8, 30)


def codes(orders, **options) -> list[str]:
    return [each.code for each in rfm.score(orders, as_of=AS_OF, **options).warnings]


def lines(n_rows: int, n_repeats: int, ids=INT64, *, dates: bool = False) -> pa.Table:
    """Build orders of customers 0, 1, 2, ...; the first `n_repeats` rows repeat the row before."""
    who = [max(number - n_repeats, 0) for number in range(n_rows)]
    times = [START.date() if dates else START] * n_rows
    column = pa.array(who) if ids == INT64 else pa.array(map(str, who)).cast(ids)
    return pa.table({"customer_id": column, "order_time": times, "amount": [1] * n_rows})


IDS = [
    INT64, pa.string(), pa.binary(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()),
]  # fmt: skip


@pytest.mark.parametrize("ids", IDS, ids=str)
@pytest.mark.parametrize(("n_repeats", "expected"), [(5, []), (6, ["order_lines"])])
def test_order_lines__are_told_above_5_percent(ids, n_repeats, expected):
    assert codes(lines(100, n_repeats, ids)) == expected


@pytest.mark.parametrize(("n_repeats", "expected"), [(20, []), (21, ["order_lines"])])
def test_order_lines__of_dates_are_told_above_20_percent(n_repeats, expected):
    assert codes(lines(100, n_repeats, dates=True)) == expected
    midnights = lines(100, n_repeats, dates=True)
    zoned = midnights["order_time"].cast(pa.timestamp("us"))
    assert codes(midnights.set_column(1, "order_time", zoned), timezone="Asia/Tokyo") == expected


def test_order_lines__are_expected_where_orders_are_named_or_days_are_counted():
    orders = lines(100, 50)
    named = orders.append_column("n", pa.array([1] * 100))
    assert codes(orders) == ["order_lines"]
    assert codes(named, order="n") == []
    assert codes(orders, frequency="days") == []
    assert codes(named, customer_level=True, n_orders="n") == []


def test_order_lines__rows_that_do_not_count_repeat_nothing():
    orders = lines(100, 50)
    assert codes(orders, window="30d") == ["no_rows"]
    assert codes(orders.set_column(2, "amount", pa.array([0] * 100)), zero="drop") == ["no_rows"]


@pytest.mark.skipif(not COMPILED, reason="two million rows")
@pytest.mark.parametrize("n_threads", [1, 2] if DEEP else [2])
def test_order_lines__are_searched_in_the_first_million_rows_only(tmp_path, n_threads):
    single, repeated = lines(1_000_000, 0), lines(100_000, 99_000)
    assert codes(pa.concat_tables([single, repeated]), threads=n_threads) == []
    assert codes(pa.concat_tables([repeated, single]), threads=n_threads) == ["order_lines"]
    for name, table in {"a": single, "b": repeated}.items():
        pq.write_table(table, tmp_path / f"{name}.parquet", row_group_size=70_000)
    assert codes([tmp_path / "a.parquet", tmp_path / "b.parquet"], threads=n_threads) == []
    [warning] = rfm.score(
        [tmp_path / "b.parquet", tmp_path / "a.parquet"], as_of=AS_OF, threads=n_threads
    ).warnings
    assert warning.text.startswith(
        "9.9% of the first 1,000,000 rows have the same customer and time"
    )
    assert "--order" in warning.text.typed


def amounts(values: pa.Array) -> pa.Table:
    n = len(values)
    times = [START + timedelta(hours=number) for number in range(n)]
    return pa.table({"customer_id": list(range(n)), "order_time": times, "amount": values})


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_whole_amounts__are_told_when_all_floats_are_whole(kind):
    whole = amounts(pa.array([1050.0, -3.0, 0.0, None] * 1000, kind))
    assert codes(whole, amount_scale=2) == ["whole_amounts"]
    assert codes(whole, amount_scale=0) == codes(whole) == []
    assert codes(amounts(pa.array([1050.0, 0.5], kind)), amount_scale=2) == []
    late = amounts(pa.array([1.0] * 5000 + [0.5], kind))
    assert codes(late, amount_scale=2) == []
    assert codes(late.to_batches(max_chunksize=100), amount_scale=2, threads=2) == []
    assert codes(late, amount_scale=2, where=["amount!=0.5"]) == ["whole_amounts"]


def test_whole_amounts__of_other_types_or_of_nothing_are_what_they_seem():
    for kind in (pa.int64(), pa.decimal128(30, 2)):
        assert codes(amounts(pa.array([1050, 7]).cast(kind)), amount_scale=2) == []
    assert codes(amounts(pa.array([0.0, 0.0])), amount_scale=2) == []
    assert codes(amounts(pa.array([1.0])).slice(0, 0), amount_scale=2) == ["no_rows"]


def test_warnings__are_listed_once_in_a_fixed_order_and_in_the_summary():
    table = lines(100, 50).set_column(2, "amount", pa.array([1.005] * 100))
    result = rfm.score(table, as_of=AS_OF, threads=2)
    assert [each.code for each in result.warnings] == ["amounts_rounded", "order_lines"]
    assert result.summary()["warnings"] == [each._asdict() for each in result.warnings]


def test_warnings__of_totals_that_are_merged_are_those_of_all(capsys):
    whole, parts = (rfm.CustomerTotals(as_of=AS_OF, amount_scale=2) for _ in range(2))
    other = rfm.CustomerTotals(as_of=AS_OF, amount_scale=2)
    table = lines(100, 6).set_column(2, "amount", pa.array([2.0] * 100))
    whole.update(table)
    parts.update(table.slice(0, 50))
    other.update(table.slice(50))
    parts.merge(other)
    assert [each.code for each in whole.warnings] == ["whole_amounts", "order_lines"]
    assert parts.warnings == whole.warnings
    assert capsys.readouterr() == ("", "")


def test_warnings__of_an_ingest(tmp_path):
    state = rfm.State.create(tmp_path / "state")
    done = state.ingest(lines(100, 50), batch_id="a")
    assert [each.code for each in done.warnings] == ["order_lines"]
    assert state.ingest(lines(100, 50), batch_id="a").warnings == ()
    fresh = state.ingest(amounts(pa.array([1, 2])), batch_id="b")
    assert fresh.warnings == ()


def test_order_lines__are_found_behind_a_short_csv(tmp_path):
    head = "customer_id,order_time,amount\n"
    (tmp_path / "a.csv").write_text(head + "9,2026-01-01T08:00,1\n")
    (tmp_path / "b.csv").write_text(head + "1,2026-01-02T08:00,1\n" * 4)
    assert codes([tmp_path / "a.csv", tmp_path / "b.csv"]) == ["order_lines"]
    assert codes([tmp_path / "b.csv", tmp_path / "a.csv"]) == ["order_lines"]
