"""Test scoring of totals, refused exports, and totals of several processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED, DEEP
from tests.shapes import NEW_YEAR_2024_US, cents, orders_table

ROOT = Path(__file__).parents[2]
N_ROWS = 5_000_000 if DEEP and COMPILED else 100_000 if COMPILED else 3_000
OPTIONS = {"as_of": "2025-12-31", "order": "order_id"}
EXPORTER = """
import sys
import pyarrow as pa, pyarrow.parquet as pq
import rfm_engine as rfm
totals = rfm.CustomerTotals(as_of="2025-12-31", order="order_id")
totals.update(pq.read_table(sys.argv[1]))
reader = totals.export()
with pa.ipc.new_file(sys.argv[2], reader.schema) as file:
    for batch in reader:
        file.write(batch)
"""
ABSORBER = """
import sys
import pyarrow as pa
import rfm_engine as rfm
totals = rfm.CustomerTotals(as_of="2025-12-31", order="order_id")
for path in sys.argv[2:]:
    totals.absorb(pa.ipc.open_file(path).read_all())
rfm.score(totals, output=sys.argv[1], sort="customer")
"""


@pytest.fixture
def orders():
    return simulate(customers=200, orders=2_000, lines=True).read_all()


@pytest.fixture
def totals(orders):
    built = rfm.CustomerTotals(**OPTIONS)
    built.update(orders)
    return built


def rows_of(result):
    return sorted(map(repr, result.customers.to_pylist()))


@pytest.mark.parametrize("scoring", [
    {}, {"scheme": "pymc", "method": "ntile"}, {"scheme": "putler"}, {"sort": "customer"},
    {"weights": [1, 2, 3], "threads": 3},
])  # fmt: skip
def test_score__of_totals_is_that_of_their_orders(orders, scoring):
    implied = {"frequency": "days"} if scoring.get("scheme") == "pymc" else {}
    built = rfm.CustomerTotals(**OPTIONS, **implied)
    built.update(orders)
    expected = rfm.score(orders, **OPTIONS, **scoring)
    for given in (built, built.totals()):
        found = rfm.score(given, **scoring)
        assert rows_of(found) == rows_of(expected)
        assert found.cuts == expected.cuts
        assert found.rows == expected.rows
        assert found.options["order"] == "order_id"
        differing = {"memory_limit", "threads"}
        kept = [found.options.keys() - differing, expected.options.keys() - differing]
        assert [found.options[name] for name in kept[0]] == [
            expected.options[name] for name in kept[0]
        ]


def test_score__of_totals_by_a_model_that_was_never_a_file(orders, totals, tmp_path):
    result = rfm.score(orders, **OPTIONS)
    rfm.save_model(result, tmp_path / "model.json")
    model = rfm.load_model(tmp_path / "model.json")
    assert rows_of(rfm.score(totals, model=model)) == rows_of(result)
    survey = totals.survey()
    survey = totals.survey(survey.needs())
    made = rfm.Model.of(survey.cuts(), scale=survey.scale, as_of=survey.as_of)
    assert rows_of(rfm.score(totals, model=made)) == rows_of(result)


@pytest.mark.parametrize("name", ["as_of", "customer", "refunds", "by", "window", "overall"])
def test_score__of_totals_refuses_options_of_how_orders_are_read(totals, name):
    with pytest.raises(rfm.UsageError, match=rf"must be scored as they were built; got {name}"):
        rfm.score(totals, **{name: "newest"})


def test_score__of_totals_refuses_a_scheme_that_counts_otherwise(totals):
    with pytest.raises(rfm.UsageError, match="frequency must be 'days' for scheme pymc"):
        rfm.score(totals, scheme="pymc")
    with pytest.raises(TypeError, match=r"'frequencey'. Did you mean 'frequency'"):
        rfm.score(totals, frequencey="days")


def test_score__leaves_totals_as_they_were(orders, totals):
    first = rfm.score(totals)
    totals.update(orders.slice(0, 10))
    assert first.rows.read == orders.num_rows
    assert rows_of(first) == rows_of(rfm.score(orders, **OPTIONS))


@pytest.mark.parametrize(("other", "said"), [
    ({"refunds": "drop"}, r"same options to be merged; got refunds: the default and 'drop'"),
    ({"timezone": "Asia/Tokyo"}, "got timezone: the default and 'Asia/Tokyo'"),
    ({"as_of": "2025-12-30"}, "got as_of: "),
    ({"order": None}, "got order: 'order_id' and the default"),
])  # fmt: skip
def test_absorb__refuses_totals_made_with_other_options(totals, other, said):
    others = rfm.CustomerTotals(**OPTIONS | other)
    with pytest.raises(rfm.UsageError, match=said):
        others.absorb(totals.export())
    assert others.n_customers == 0
    assert others.rows.read == 0


def test_absorb__takes_the_same_options_given_otherwise(totals):
    others = rfm.CustomerTotals(**OPTIONS, refunds="net", where=[], as_files=True)
    others.absorb(totals.export())
    assert others.rows == totals.rows


def test_absorb__refuses_what_is_no_whole_export(totals):
    export = totals.export().read_all()
    fresh = rfm.CustomerTotals(**OPTIONS)
    for wrong, error, said in (
        (export.slice(1), rfm.DataError, "must have all of its 200 customers; got 199"),
        (export.replace_schema_metadata(None), rfm.UsageError, "export"),
        (totals.finish(), rfm.UsageError, "export"),
        ("orders.parquet", rfm.UsageError, "must be a result of CustomerTotals.export"),
    ):
        with pytest.raises(error, match=said):
            fresh.absorb(wrong)
        assert fresh.n_customers == 0
    fresh.absorb(export)
    assert fresh.n_customers == 200


def test_absorb__refuses_other_ids(totals):
    texts = rfm.CustomerTotals(**OPTIONS)
    other = orders_table([1], [NEW_YEAR_2024_US], [cents(1)])
    other = other.set_column(0, "customer_id", pa.array(["a"]))
    texts.update(other.append_column("order_id", pa.array([1], pa.int64())))
    with pytest.raises(rfm.DataError, match="customer"):
        texts.absorb(totals.export())
    assert texts.n_customers == 1


def test_export__with_distinct_is_refused_as_a_merge_is():
    with_distinct = rfm.CustomerTotals(**OPTIONS, distinct=["order_id", "product_id"])
    for call in (with_distinct.export, lambda: with_distinct.absorb(with_distinct)):
        with pytest.raises(rfm.UsageError, match="with distinct must not be"):
            call()


def test_totals__of_a_state_are_exported_where_that_is_all_it_takes(orders, tmp_path):
    state = rfm.State.create(tmp_path / "state")
    state.ingest(orders, batch_id="1")
    fresh = rfm.CustomerTotals(as_of="2025-12-31")
    fresh.absorb(state.totals(as_of="2025-12-31").export())
    assert rows_of(rfm.score(fresh)) == rows_of(rfm.score(orders, as_of="2025-12-31"))
    ordered = rfm.State.create(tmp_path / "ordered", order="order_id")
    with pytest.raises(rfm.UsageError, match="must be without order to be exported"):
        ordered.totals().export()


def test_processes__give_what_one_process_gives(tmp_path):
    """Two processes export and a third absorbs; some orders are in both halves.

    Some customers have only refunds.
    """
    orders = simulate(customers=N_ROWS // 20, orders=N_ROWS // 2, lines=True, seed=3).read_all()
    refund = pc.multiply(orders["amount"], pa.scalar(-1.0))
    is_small = pc.equal(pc.bit_wise_and(orders["customer_id"], 15), 3)
    amounts = pc.if_else(is_small, pc.min_element_wise(orders["amount"], refund), orders["amount"])
    orders = orders.set_column(2, "amount", amounts)
    halves = orders.slice(0, len(orders) * 3 // 5), orders.slice(len(orders) // 2)
    paths = []
    for number, half in enumerate(halves):
        source, target = tmp_path / f"{number}.parquet", tmp_path / f"{number}.arrow"
        pq.write_table(half, source)
        subprocess.run([sys.executable, "-c", EXPORTER, source, target], check=True, cwd=ROOT)
        paths.append(target)
    out = tmp_path / "out.parquet"
    subprocess.run([sys.executable, "-c", ABSORBER, out, *paths], check=True, cwd=ROOT)
    expected = rfm.score(list(halves), **OPTIONS, sort="customer")
    found = pq.read_table(out)
    assert found.equals(expected.customers.combine_chunks())
    assert expected.customers_without_orders > 0
