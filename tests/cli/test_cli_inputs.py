"""Common forms of Parquet files have the results of the plain file, by command and in Python."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine.simulate import simulate

AS_OF = "2025-12-31"
SIMULATED = simulate(customers=40, orders=400, ids="dense").read_all()
MINOR = [round(amount * 100) for amount in SIMULATED["amount"].to_pylist()]
TIMES = [
    datetime.fromtimestamp(us // 10**6, UTC)
    for us in SIMULATED["order_time"].cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
]
PLAIN = pa.table(
    {
        "customer_id": SIMULATED["customer_id"].cast(pa.int64()),
        "order_time": pa.array(TIMES, pa.timestamp("us", "UTC")),
        "amount": pa.array([Decimal(minor).scaleb(-2) for minor in MINOR], pa.decimal128(18, 2)),
    }
)
HALF = PLAIN.num_rows // 2


def with_column(name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return PLAIN.set_column(PLAIN.schema.get_field_index(name), name, values)


def with_nulls(name: str) -> list[pa.Table]:
    """Return the orders, and rows in which this column has the type null."""
    empty = PLAIN.slice(0, 7)
    place = PLAIN.schema.get_field_index(name)
    return [empty.set_column(place, name, pa.nulls(7)), PLAIN]


def seconds(unit: int) -> pa.Array:
    return pa.array([int(time.timestamp()) * unit for time in TIMES])


DECIMAL_IDS = with_column("customer_id", PLAIN["customer_id"].cast(pa.decimal128(38, 0)))
INPUTS = {
    "decimal ids": ([DECIMAL_IDS], {}),
    "decimal ids in one file": (
        [
            DECIMAL_IDS.slice(0, HALF),
            PLAIN.slice(HALF),
        ],
        {},
    ),
    "text times": ([with_column("order_time", pa.array([t.isoformat() for t in TIMES]))], {}),
    "formatted times": (
        [with_column("order_time", pa.array([t.strftime("%d.%m.%Y %H:%M:%S %z") for t in TIMES]))],
        {"time_format": "%d.%m.%Y %H:%M:%S %z"},
    ),
    "epoch": ([with_column("order_time", seconds(1))], {"time_format": "epoch"}),
    "epoch text": (
        [with_column("order_time", seconds(1).cast(pa.string()))],
        {"time_format": "epoch"},
    ),
    "epoch-ms": ([with_column("order_time", seconds(1000))], {"time_format": "epoch-ms"}),
    "minor units beside floats": (
        [
            with_column("amount", pa.array(MINOR)).slice(0, HALF),
            with_column("amount", PLAIN["amount"].cast(pa.float64())).slice(HALF),
        ],
        {"amount_scale": 2},
    ),
    "null customers": (with_nulls("customer_id"), {}),
    "null times": (with_nulls("order_time"), {}),
    "null amounts": (with_nulls("amount"), {}),
}  # fmt: skip


def rows_of(table: pa.Table) -> list[dict]:
    return sorted(table.to_pylist(), key=lambda row: row["customer_id"])


def words_of(options: dict) -> list[str]:
    pairs = [("--" + key.replace("_", "-"), str(value)) for key, value in options.items()]
    return [word for pair in pairs for word in pair]


@pytest.fixture
def plain() -> list[dict]:
    return rows_of(rfm_engine.score(PLAIN, as_of=AS_OF).customers)


@pytest.mark.parametrize(("tables", "options"), INPUTS.values(), ids=INPUTS)
def test_inputs__give_the_numbers_of_the_plain_file(rfm, tmp_path, plain, tables, options):
    files = [tmp_path / f"{number}.parquet" for number in range(len(tables))]
    for file, table in zip(files, tables, strict=True):
        pq.write_table(table, file)
    for orders in (tables, iter(tables), files):
        found = rfm_engine.score(orders, as_of=AS_OF, threads=2, **options)
        assert rows_of(found.customers) == plain
    out = tmp_path / "out.parquet"
    run = rfm("score", *files, "-o", out, "--as-of", AS_OF, *words_of(options))
    assert run.exit_code == 0, run.stderr
    assert rows_of(pq.read_table(out)) == plain


def test_inputs__of_excel_are_read_to_the_second(tmp_path, plain):
    days = [(t - datetime(1899, 12, 30, tzinfo=UTC)).total_seconds() / 86_400 for t in TIMES]
    whole = [t.replace(microsecond=0) for t in TIMES]
    pq.write_table(with_column("order_time", pa.array(days)), tmp_path / "excel.parquet")
    found = rfm_engine.score(tmp_path / "excel.parquet", as_of=AS_OF, time_format="excel")
    wanted = rfm_engine.score(with_column("order_time", pa.array(whole)), as_of=AS_OF)
    assert rows_of(found.customers) == rows_of(wanted.customers)
    assert len(plain) == len(found.customers)


def test_inputs__as_snowflake_and_hugeint_make_them_say_what_to_cast(rfm, tmp_path):
    cents = with_column("amount", pa.array(MINOR).cast(pa.decimal128(38, 0)))
    doubles = with_column("customer_id", PLAIN["customer_id"].cast(pa.float64()))
    for table, words, said in (
        (cents, ["--amount-scale", "2"], "Cast it to BIGINT if it counts minor units"),
        (doubles, [], "Cast it to BIGINT: DuckDB writes HUGEINT to Parquet as DOUBLE"),
    ):
        pq.write_table(table, tmp_path / "orders.parquet")
        run = rfm("score", tmp_path / "orders.parquet", "-o", tmp_path / "out.csv", *words)
        assert run.exit_code == 3
        assert said in run.stderr
        assert not Path(tmp_path / "out.csv").exists()


def test_output__gzip_of_csv_reads_back(rfm, tmp_path, plain):
    pq.write_table(PLAIN, tmp_path / "orders.parquet")
    out = tmp_path / "customers.CSV.gz"
    assert rfm("score", tmp_path / "orders.parquet", "-o", out, "--as-of", AS_OF).exit_code == 0
    with gzip.open(out, "rt") as file:
        assert len(list(csv.DictReader(file))) == len(plain)
