"""Files of tables with only days that do not count are not read, and their rows are counted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.orders.sources.tables.iceberg_facts import IcebergFacts
from tests.orders.delta_log import add, commit, metadata, protocol
from tests.orders.lake import N, orders, result_of

MONTHS = range(1, 13)
_NAN_COUNTS = 9  # position in the record of a data file
_OCTOBER = pa.array([18_200] * 4, pa.date32())


def in_month(rows: pa.Table, month: int) -> pa.Table:
    return rows.filter(pc.equal(pc.month(rows["order_time"]), month))


def whole(rows: pa.Table) -> pa.Table:
    """Return the rows without nulls, with amounts as decimals."""
    rows = rows.filter(pc.and_(rows["customer_id"].is_valid(), rows["amount"].is_valid()))
    amounts = [Decimal(each) / 4 for each in rows["amount"].to_pylist()]
    return rows.set_column(2, "amount", pa.array(amounts, pa.decimal128(12, 2)))


@pytest.fixture
def months(tmp_path, monkeypatch):
    """Write a Delta table with a file per month of 2019, and return its rows."""
    monkeypatch.chdir(tmp_path)
    rows = whole(orders(0, 3 * N))
    for month in MONTHS:
        write_deltalake("shop", in_month(rows, month), mode="append")
    return rows


def remove_files(table: str, rows: pa.Table, months: set[int]) -> None:
    """Delete the files of some months, so that reading them would fail."""
    for place in Path(table).rglob("*.parquet"):
        if set(pc.month(pa.parquet.read_table(place)["order_time"]).to_pylist()) & months:
            place.unlink()
    assert in_month(rows, min(months)).num_rows


@pytest.mark.parametrize(
    ("options", "unread"),
    [
        ({"as_of": "2019-06-15"}, {7, 8, 9, 10, 11, 12}),
        ({"as_of": "2019-06-15", "window": "30d"}, {1, 2, 3, 4, 7, 8, 9, 10, 11, 12}),
        (
            {"as_of": "2019-12-31", "window": "3mo", "refunds": "drop", "order": None},
            set(range(1, 9)),
        ),
        ({"as_of": "2018-06-01", "strict": True, "timezone": "Pacific/Auckland"}, set(MONTHS)),
        ({"as_of": "2019-03-31", "refunds": "net", "by": None, "clv": True}, {5, 6, 7, 8}),
    ],
)
def test_delta__files_outside_the_days_are_counted_and_not_read(months, options, unread):
    wanted = result_of(months, **options)
    dropped = wanted[2].dropped
    assert dropped["after_as_of"] + dropped["before_window"] > 0
    remove_files("shop", months, unread)
    assert result_of("delta:shop", **options) == wanted
    assert result_of(DeltaTable("shop"), **options) == wanted
    totals = rfm.CustomerTotals(**{"order": "order_id", "by": "shop"} | options)
    totals.update(DeltaTable("shop"))
    assert totals.rows == wanted[2]
    with pytest.raises(UsageError, match="must have all its files; got no file"):
        rfm.score("delta:shop", as_of="newest")


def test_delta__several_dates_read_what_any_of_them_needs(months, tmp_path):
    plain = rfm.History.create(tmp_path / "plain", window="31d")
    plain.build(months, as_of=["2019-03-31", "2019-05-31"])
    remove_files("shop", months, {1, 7, 8, 9, 10, 11, 12})
    history = rfm.History.create(tmp_path / "history", window="31d")
    history.build("delta:shop", as_of=["2019-03-31", "2019-05-31"])
    for day in ("2019-03-31", "2019-05-31"):
        own, wanted = history.snapshot(day), plain.snapshot(day)
        assert own.rows == wanted.rows
        assert own.customers.to_pylist() == wanted.customers.to_pylist()


def test_delta__deleted_rows_of_a_file_that_is_not_read_are_not_counted(tmp_path):
    root = tmp_path / "shop"
    root.mkdir()
    rows = pa.table(
        {"c": [5, 6, 7, 8], "t": pa.array([18_200] * 4, pa.date32()), "a": [1, 2, 3, 4]}
    )
    bounds = {"c": 5, "t": "2019-10-31", "a": 1}
    stats = {"minValues": bounds, "maxValues": bounds, "nullCount": {"c": 0, "t": 0, "a": 0}}
    commit(
        root, 0, protocol("deletionVectors"), metadata({"c": "long", "t": "date", "a": "long"}),
        add(root, "a.parquet", rows, deleted=[0, 2, 3], stats=stats),
    )  # fmt: skip
    (root / "a.parquet").unlink()
    columns = {"customer": "c", "time": "t", "amount": "a"}
    result = rfm.score(f"delta:{root}", as_of="2019-06-15", **columns)
    assert (result.rows.read, result.rows.dropped["after_as_of"]) == (1, 1)
    with pytest.raises(UsageError, match="must have all its files; got no file"):
        rfm.score(f"delta:{root}", as_of="2019-10-30", **columns)


@pytest.mark.parametrize(
    ("changed", "options"),
    [
        ("amount", {}),
        ("customer_id", {}),
        ("float", {}),
        ("large", {}),
        (None, {"where": "shop=x"}),
        (None, {"distinct": "order_id"}),
        (None, {"quantity": "order_id"}),
    ],
)
def test_delta__files_whose_rows_may_have_another_reason_are_read(months, changed, options):
    """A null, a NaN or a condition comes before the day, so such a file must be read."""
    late = in_month(months, 12)
    place = 0 if changed == "customer_id" else 2
    column = late.column(place).to_pylist()
    if changed == "float":
        column = pa.array([float("nan")] + [1.5] * (len(late) - 1))
    elif changed == "large":
        column = pa.array([10**18] * len(late), pa.int64())
    elif changed is not None:
        column = pa.array([None, *column[1:]], late.schema.types[place])
    late = late.set_column(place, late.schema.names[place], pa.chunked_array([column]))
    write_deltalake("late", late)
    options = {"as_of": "2019-06-15", "order": None} | options
    if changed == "large":
        with pytest.raises(rfm.DataError, match="amount must have at most 18 digits"):
            rfm.score("delta:late", as_of="2019-06-15")
        return
    assert result_of("delta:late", **options) == result_of(late, **options)
    remove_files("late", late, {12})
    with pytest.raises(UsageError, match="must have all its files; got no file"):
        result_of("delta:late", **options)


def test_iceberg__files_outside_the_days_are_counted_and_not_read(months, tmp_path):
    from pyiceberg.catalog.sql import SqlCatalog

    places = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": tmp_path.as_uri()}
    catalog = SqlCatalog("local", **places)
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.orders", schema=months.schema)
    for month in (3, 5, 9):
        table.append(in_month(months, month))
    options = {"as_of": "2019-06-15", "window": "60d"}
    wanted = result_of(table.scan().to_arrow(), **options)
    remove_files(table.location().removeprefix("file://"), months, {3, 9})
    assert result_of(table, **options) == wanted
    with pytest.raises(UsageError, match="must exist; got no such file"):
        result_of(table.scan(row_filter="customer_id > 10"), **options)
    catalog.close()


def test_iceberg__floats_are_known_if_their_nans_were_counted(months, tmp_path):
    from pyiceberg.catalog.sql import SqlCatalog

    places = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": tmp_path.as_uri()}
    catalog = SqlCatalog("local", **places)
    catalog.create_namespace("shop")
    rows = pa.table({"amount": [1.5, None, -2.25], "at": months["order_time"].combine_chunks()[:3]})
    table = catalog.create_table("shop.orders", schema=rows.schema)
    table.append(rows)
    [task] = table.scan().plan_files()
    facts = IcebergFacts(table.scan(), task, rows.schema)
    assert facts.n_rows == 3
    assert facts.of("amount") is None
    assert facts.of("nothing") is None
    task.file[_NAN_COUNTS] = {1: 0}
    assert facts.of("amount") == (1, pa.scalar(-2.25), pa.scalar(1.5))
    task.file[_NAN_COUNTS] = {1: 2}
    assert facts.of("amount").n_nulls == 3
    assert facts.of("at")[1:] == (pc.min(rows["at"]), pc.max(rows["at"]))
    catalog.close()
