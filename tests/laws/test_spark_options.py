"""Test spark.score with its options, without Spark: partitions are lists in this process."""

from __future__ import annotations

import dataclasses
import random
import sys
from decimal import Decimal
from types import ModuleType

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.segments.schemes import shipped_schemes
from rfm_engine.spark import adding_up, basis
from rfm_engine.spark.frames import ddl_of
from rfm_engine.spark.merged import Merged
from rfm_engine.spark.notes import read_notes
from rfm_engine.spark.refusals import refuse_options
from tests.in_process import InProcess, score_in_process
from tests.laws.test_spark_jobs import assert_equal
from tests.shapes import AS_OF, random_orders

RANKED = {"python-rfm"}
STATISTICS = """
[[segments]]
name = "often"
when = ["average_order > quantile(2/3)", "mean_gap_days <= quantile(1/2)"]
[[segments]]
name = "dear"
when = ["average_order >= mean", "mean_gap_days > mean", "monetary > quantile(1/7)"]
[[segments]]
name = "near"
when = ["recency_days < quantile(1/4)"]
[[segments]]
name = "due"
when = ["recency_days <= cycle", "frequency < mean"]
"""


@pytest.fixture(scope="module")
def orders():
    """Return 800 orders of 150 customers, with amounts that share leading digits."""
    drawn = random.Random(3)
    table = random_orders(800, 150, seed=3)
    amounts = [
        drawn.choice((-2_000, 1)) * (Decimal(drawn.randrange(90_000, 90_200)) / 100)
        if drawn.random() < 0.1
        else Decimal(drawn.randrange(90_000, 90_200)) / 100
        for _ in range(800)
    ]
    lines = pa.array([drawn.randrange(400) for _ in range(800)])
    kinds = pa.array([drawn.choice(("paid", "open", None)) for _ in range(800)])
    currencies = pa.array([drawn.choice(("EUR", "USD")) for _ in range(800)])
    table = table.set_column(2, "amount", pa.array(amounts, pa.decimal128(18, 2)))
    for name, column in (("line", lines), ("kind", kinds), ("currency", currencies)):
        table = table.append_column(name, column)
    times = table["order_time"].cast(pa.timestamp("s"), safe=False)
    table = table.append_column("text", times.cast(pa.string()))
    return table.append_column("epoch", times.cast(pa.int64()))


@pytest.fixture
def partitions(orders):
    """Return the orders in three partitions."""
    return [orders.slice(start, 300).to_batches() for start in range(0, 800, 300)]


@pytest.mark.parametrize("scheme", sorted({*shipped_schemes()} - RANKED))
def test_score__has_the_same_customers_and_model_with_every_scheme(
    orders, partitions, scheme, tmp_path
):
    found = score_in_process(partitions, orders.schema, as_of=AS_OF, scheme=scheme)
    expected = rfm.score(orders, as_of=AS_OF, scheme=scheme)
    assert_equal(found, expected)
    files = [tmp_path / "found.json", tmp_path / "expected.json"]
    rfm.save_model(found.model, files[0])
    rfm.save_model(expected, files[1])
    models = [rfm.load_model(file) for file in files]
    assert models[0] == models[1]
    again = score_in_process(partitions, orders.schema, as_of=AS_OF, model=found.model)
    assert_equal(again, rfm.score(orders, as_of=AS_OF, model=models[1]))


@pytest.mark.parametrize("options", [
    {"method": ["quantile-linear", "mean", "r-rfm"], "bins": [7, 2, 11], "scheme": "free"},
    {"method": ["qcut-drop", "reserve-one-timers", "thresholds"], "m_cuts": ["901.5", "1803"],
     "bins": [4, 3, 3], "scheme": "free", "weights": ["0.3", 1, "2.25"], "monetary": "mean"},
    {"scheme": "statistics"},
    {"scheme": "statistics", "monetary": "mean", "frequency": "days", "clv": True},
    {"order": "line", "refunds": "net-order", "where": ["kind=paid,open"], "as_of": "newest"},
    {"order": "line", "frequency": "days", "refunds": "drop", "window": "12mo", "as_of": "newest"},
    {"currency": "currency", "rates": "rates.csv", "amount_scale": 3, "timezone": "Asia/Tokyo"},
    {"where": "kind=none of them", "as_of": "newest", "window": "3d", "scheme": "five-types"},
    {"clv_model": "model", "as_of": "newest"},
    {"time": "text", "as_of": "newest"},
    {"time": "epoch", "time_format": "epoch", "as_of": "newest", "window": "300d"},
], ids=lambda options: " ".join(options))  # fmt: skip
def test_score__has_the_same_result_with_options(orders, partitions, options, tmp_path):
    options = {"as_of": AS_OF} | options
    files = {
        "free": '[[segments]]\nname = "all"\n',
        "statistics": STATISTICS,
        "rates.csv": "currency,rate\nEUR,1\nUSD,0.87\n",
    }
    for option in ("scheme", "rates"):
        if option in options and options[option] in files:
            place = tmp_path / f"{options[option]}.toml"
            place.write_text(files[options[option]])
            options[option] = place
    if "clv_model" in options:
        options["clv_model"] = rfm.fit_clv(orders, as_of="2025-06-30")
    found = score_in_process(partitions, orders.schema, **options)
    assert_equal(found, rfm.score(orders, **options))


def test_score__counts_customer_level_rows():
    rows = pa.table({
        "customer_id": ["a", "b", "c", "d", None],
        "order_time": pa.array([1, 2, 3, 4, 5], pa.timestamp("s")),
        "amount": [1.5, 2.0, 300.25, -1.0, 7.0],
        "orders": [1, 2, 7, 0, 1],
    })  # fmt: skip
    options = {"as_of": "1970-01-31", "customer_level": True}
    partitions = [rows.slice(0, 2).to_batches(), rows.slice(2).to_batches()]
    found = score_in_process(partitions, rows.schema, **options)
    assert_equal(found, rfm.score(rows, **options))


def test_score__exports_full_tables_and_continues_with_empty_ones(orders, partitions, monkeypatch):
    monkeypatch.setattr(adding_up, "_MOST_BYTES", 1)
    monkeypatch.setattr(basis, "BATCH_ROWS", 50)
    options = {"as_of": AS_OF, "order": "line", "clv": True}
    found = score_in_process(partitions, orders.schema, size=25, **options)
    assert_equal(found, rfm.score(orders, **options))


@pytest.mark.parametrize(("options", "faulty"), [
    ({"strict": True}, {"customer_id": [1, None]}),
    ({"refunds": "error"}, {"amount": [1.0, -1.0]}),
    ({"currency": "currency"}, {"currency": ["EUR", "USD"]}),
    ({}, {"amount": [1.0, 1e20]}),
    ({"monetary": "mean"}, {"amount": [1.0, 9e15]}),
], ids=["null id", "refund", "currencies", "too large", "large mean"])  # fmt: skip
def test_score__raises_the_error_of_a_stage(options, faulty):
    rows = pa.table({
        "customer_id": [1, 2], "order_time": pa.array([1, 2], pa.timestamp("s")),
        "amount": [1.0, 2.0], "currency": ["EUR", "EUR"],
    } | faulty)  # fmt: skip
    with pytest.raises(rfm.DataError) as expected:
        rfm.score(rows, as_of=AS_OF, **options)
    partitions = [rows.slice(0, 1).to_batches(), rows.slice(1).to_batches()]
    with pytest.raises(rfm.DataError) as found:
        score_in_process(partitions, rows.schema, as_of=AS_OF, **options)
    for told, alone in ((str(found.value), str(expected.value)),
                        (found.value.typed, expected.value.typed)):  # fmt: skip
        # Spark has no numbers of rows.
        named = told.replace("a batch of a partition of the DataFrame", "orders")
        assert named.partition(" row ")[0] == alone.partition(" row ")[0]


@pytest.mark.parametrize("method", ["ntile", "rank-linear", "nested"])
def test_score__refuses_methods_that_rank_customers(orders, partitions, method):
    with pytest.raises(rfm.UsageError, match=f"for spark.score; got {method}"):
        score_in_process(partitions, orders.schema, as_of=AS_OF, method=method)


def test_score__refuses_schemes_with_customer_facts(orders, partitions, tmp_path):
    scheme = tmp_path / "whales.toml"
    scheme.write_text('[[segments]]\nname = "whales"\nwhen = ["is_whale"]\n')
    with pytest.raises(rfm.UsageError, match="conditions on customer facts"):
        score_in_process(partitions, orders.schema, as_of=AS_OF, scheme=scheme)


@pytest.mark.parametrize("name", [
    "by", "overall", "distinct", "attributes", "facts", "whales", "whale_by", "sort",
])  # fmt: skip
def test_refuse_options__says_why_and_what_to_do(name):
    begin = f"{name} must not be used with spark.score, because it"
    with pytest.raises(rfm.UsageError, match=f"^{begin} .*; got 'x'") as found:
        refuse_options({name: "x"})
    assert found.value.typed.startswith(f"--{name.replace('_', '-')} must not be used with Spark")
    refuse_options({"as_of": AS_OF, "scheme": "classic"})


@pytest.mark.parametrize(("name", "reason"), [
    ("units", "is for labels and insight, and no score reads it"),
    ("product", "is for labels and insight, and no score reads it"),
    ("as_files", "is about how rfm reads files, and Spark reads them"),
    ("ids", "is about ids in CSV files"), ("csv_null", "is about CSV files"),
    ("threads", "is about one machine"),
])  # fmt: skip
def test_refuse_options__has_the_reason_of_each_option(name, reason):
    with pytest.raises(rfm.UsageError, match=f"because it {reason}"):
        refuse_options({name: "x"})


@pytest.mark.parametrize("lost", ["account", "rows"])
def test_score__refuses_rows_that_change_between_stages(orders, partitions, lost, monkeypatch):
    def notes(rows):
        told = original(rows)
        first = next((note for note in told if lost in note), None)
        return [note for note in told if note is not first]

    original = InProcess.notes
    monkeypatch.setattr(InProcess, "notes", notes)
    with pytest.raises(rfm.RfmError, match="df must have the same rows whenever Spark reads it"):
        score_in_process(partitions, orders.schema, as_of=AS_OF)


def test_score__refuses_customers_that_change_between_jobs(orders, partitions, monkeypatch):
    def of(*given):
        return dataclasses.replace(original(*given), n_customers=1)

    original = Merged.of
    monkeypatch.setattr(Merged, "of", of)
    with pytest.raises(rfm.RfmError, match="got 1 customers and later"):
        score_in_process(partitions, orders.schema, as_of=AS_OF)


@pytest.mark.parametrize("version", [None, "3.5.6"])
def test_score__needs_pyspark(version, monkeypatch):
    package = None if version is None else ModuleType("pyspark")
    if package is not None:
        package.__version__ = version
        sql = ModuleType("pyspark.sql")
        sql.DataFrame = object
        monkeypatch.setitem(sys.modules, "pyspark.sql", sql)
    monkeypatch.setitem(sys.modules, "pyspark", package)
    got = "got none" if version is None else "4.0 or later for spark.score; got 3.5.6"
    with pytest.raises(rfm.UsageError, match=rf"{got}. Run: pip install 'pyspark\[sql\]>=4.0'"):
        rfm.spark.score(None, as_of=AS_OF)


def test_read_notes__raises_the_class_and_both_forms_of_an_error():
    with pytest.raises(rfm.UsageError, match=r"^as_of must$") as raised:
        read_notes(['{"newest": 3}', '{"error": ["UsageError", "as_of must", "--as-of must"]}'])
    assert raised.value.typed == "--as-of must"


def test_ddl_of__names_all_types_of_stages():
    day = pa.struct([("day", pa.date32()), ("refunds", pa.bool_())])
    fields = [("id", pa.string()), ("a`b", pa.list_(day)), ("m", pa.decimal128(18, 2))]
    assert ddl_of(pa.schema(fields)) == (
        "`id` string, `a``b` array<struct<`day`: date, `refunds`: boolean>>, `m` decimal(18,2)"
    )
