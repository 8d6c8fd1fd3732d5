"""Test that a snapshot that is read back is equal to its result."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.result import metadata
from rfm_engine.segments.catalogue import load_scheme, shipped_schemes
from rfm_engine.segments.frozen_scheme import own_scheme
from rfm_engine.segments.parser import scheme_of
from rfm_engine.simulate import simulate
from tests.conftest import DEEP
from tests.covering import covering

ENDINGS = (".parquet", ".arrow", "/")
POPULATION = (
    "as_of", "rows", "cuts", "cuts_by_group", "conditions", "segment_totals", "cells",
    "customers_by_score", "customers_without_orders", "warnings", "scale", "money_scale", "weights",
    "version", "facts",
)  # fmt: skip
SCORINGS = (
    {}, {"scheme": "five-types"}, {"scheme": "pymc"},
    {"scheme": "putler", "weights": [1, 2, "0.5"]},
    {"scheme": "recency-bands"}, {"method": "nested"}, {"method": "ntile"}, {"scheme": "klaviyo"},
    {"by": "channel"}, {"by": "seller_id", "overall": True}, {"sort": "customer"},
    {"by": "channel", "scheme": "five-types", "overall": True}, {"monetary": "mean"},
    {"scheme": "eight-types", "refunds": "drop", "where": ["channel!=web"]},
    {"r_cuts": [30, 60, 90, 120], "m_cuts": ["10.5", 20, 30, 40]}, {"clv": True},
    {"facts": True, "whales": "12.5%"}, {"facts": True, "by": "seller_id", "overall": True},
)  # fmt: skip


@pytest.fixture(scope="module")
def orders():
    return simulate(customers=60, orders=400, lines=True).read_all()


def populations(result, snapshot):
    yield result, snapshot
    if result.overall is not None:
        yield result.overall, snapshot.overall


def rows_of(table):
    return sorted(map(repr, table.to_pylist()))


@pytest.mark.parametrize(("scoring", "ending"), covering(SCORINGS, ENDINGS, times=1), ids=str)
def test_snapshot__is_what_the_result_was(orders, tmp_path, scoring, ending):
    place = f"{tmp_path}/out{ending}"
    result = rfm.score(orders, as_of="2025-12-31", order="order_id", output=place, **scoring)
    snapshot = rfm.read_snapshot(place)
    assert (snapshot.overall is None) == (result.overall is None)
    for then, now in populations(result, snapshot):
        for name in POPULATION:
            assert getattr(now, name) == getattr(then, name), name
        assert rows_of(now.customers) == rows_of(then.customers)
        assert now.segments == then.segments
        expected, found = then.summary(), now.summary()
        for volatile in ("seconds", "options"):
            del expected[volatile], found[volatile]
        assert found == expected
        assert now.scheme.name == then.scheme.name
    running = {"threads", "memory_limit"}
    for name in result.options.keys() - running:
        assert snapshot.options[name] == result.options[name], name


@pytest.mark.parametrize("scoring", SCORINGS, ids=str)
def test_explain__of_a_snapshot_says_what_that_of_the_result_says(orders, tmp_path, scoring):
    place = tmp_path / "out.parquet"
    result = rfm.score(orders, as_of="2025-12-31", order="order_id", output=place, **scoring)
    snapshot = rfm.read_snapshot(place)
    ids = result.customers["customer_id"].unique().to_pylist()
    ids = ids[: 9 if DEEP else 3]
    expected = sorted(map(repr, rfm.explain(result, ids)))
    assert sorted(map(repr, rfm.explain(snapshot, ids))) == expected
    with pytest.raises(rfm.UsageError, match="must be a customer with an order"):
        rfm.explain(snapshot, [7])


@pytest.mark.parametrize("ids", ["string", "uuid", "dense"])
def test_explain__finds_ids_of_every_kind(tmp_path, ids):
    result = rfm.score(
        simulate(customers=30, orders=90, ids=ids), as_of="newest", output=tmp_path / "o.arrow"
    )
    snapshot = rfm.read_snapshot(tmp_path / "o.arrow")
    wanted = [str(each) for each in result.customers["customer_id"].to_pylist()[:4]]
    assert rfm.explain(snapshot, wanted) == rfm.explain(result, wanted)


@pytest.mark.parametrize("name", sorted(shipped_schemes()))
def test_scheme__is_read_back_as_it_was_written(name):
    scheme = load_scheme(name)
    again = scheme_of(own_scheme(scheme), "a snapshot")
    plain = [each._replace(line=None) for each in scheme.segments]
    assert [each._replace(line=None) for each in again.segments] == plain
    for field in (
        "bins", "method", "cuts", "otherwise", "has_otherwise", "match", "fm", "options", "words",
    ):  # fmt: skip
        assert getattr(again, field) == getattr(scheme, field), field


@pytest.mark.parametrize("monetary", ["sum", "mean"])
@given(n=st.integers(1, 40), seed=st.integers(0, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_survey__of_a_snapshot_is_the_first_level(n, seed, monetary, tmp_path):
    orders = simulate(customers=n, orders=n * 3, seed=seed).read_all()
    rfm.score(orders, as_of="2025-12-31", monetary=monetary, output=tmp_path / "o.parquet")
    totals = rfm.CustomerTotals(as_of="2025-12-31")
    totals.update(orders)
    expected = totals.survey(monetary=monetary).first_level()
    assert rfm.read_snapshot(tmp_path / "o.parquet").survey() == expected


def test_cells__add_up_to_the_segments_and_are_added_up_where_they_are_many(orders, monkeypatch):
    result = rfm.score(orders, as_of="2025-12-31", order="order_id")
    assert all(each.m is not None for each in result.cells)
    for name in ("customers", "orders", "monetary_minor"):
        by_segment = sum(getattr(each, name) for each in result.segment_totals)
        assert sum(getattr(each, name) for each in result.cells) == by_segment
    rows = result.customers.to_pylist()
    for cell in result.cells:
        own = [
            row for row in rows if (row["r_score"], row["f_score"], row["m_score"])
            == (cell.r, cell.f, cell.m)
        ]  # fmt: skip
        assert len(own) == cell.customers
        assert sum(row["frequency"] for row in own) == cell.orders
    monkeypatch.setattr(metadata, "MOST_CELLS", 5)
    fewer = rfm.score(orders, as_of="2025-12-31", order="order_id").cells
    assert {each.m for each in fewer} == {None}
    assert sum(each.customers for each in fewer) == len(rows)


def test_survey__that_is_too_large_is_left_out(orders, tmp_path, monkeypatch):
    monkeypatch.setattr(metadata, "MOST_SURVEY_BYTES", 10)
    rfm.score(orders, as_of="newest", output=tmp_path / "o.parquet")
    assert rfm.read_snapshot(tmp_path / "o.parquet").survey() is None


def test_metadata__have_no_paths_of_inputs(orders, tmp_path):
    secret = tmp_path / "secret-folder"
    secret.mkdir()
    pq.write_table(orders, secret / "orders.parquet")
    rfm.score(secret / "orders.parquet", as_of="newest", output=tmp_path / "o.parquet")
    text = pq.read_schema(tmp_path / "o.parquet").metadata[metadata.METADATA_KEY]
    assert b"secret-folder" not in text


def test_read_snapshot__refuses_what_is_none(orders, tmp_path):
    pq.write_table(orders, tmp_path / "foreign.parquet")
    pa.csv.write_csv(orders.select([0]), tmp_path / "customers.csv")
    (tmp_path / "empty").mkdir()
    old = orders.replace_schema_metadata({"rfm_engine": '{"version": "0.0.1"}'})
    pq.write_table(old, tmp_path / "old.parquet")
    for name, said in (
        ("foreign.parquet", r"which rfm score did not write\. Run rfm score .* -o customers"),
        ("customers.csv", r"A CSV has no metadata: score to \.parquet or \.arrow"),
        ("empty", "without parts"),
        ("missing.parquet", r"got no such file\. Check the path, or make it with rfm score"),
        ("old.parquet", r"must have format 2; got None\. Score the orders again"),
    ):
        with pytest.raises(rfm.UsageError, match=said):
            rfm.read_snapshot(tmp_path / name)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + bytes(9))
    with pytest.raises(rfm.DataError, match=r"must be undamaged; got .* Write it again with rfm"):
        rfm.read_snapshot(tmp_path / "cut.parquet")


def test_drift__of_a_snapshot_is_that_of_its_result(orders, tmp_path):
    first = rfm.score(orders, as_of="2025-06-30", order="order_id")
    rfm.save_model(first, tmp_path / "model.json")
    later = rfm.score(
        orders, as_of="2025-12-31", order="order_id", model=tmp_path / "model.json",
        output=tmp_path / "later.parquet",
    )  # fmt: skip
    snapshot = rfm.read_snapshot(tmp_path / "later.parquet")
    model = rfm.load_model(tmp_path / "model.json")
    assert rfm.drift(model, snapshot) == rfm.drift(model, later)
