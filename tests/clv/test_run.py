"""Test lifetime value from orders: golden fits, and the same bits however it is computed."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.clv import cdnow as published
from tests.clv.orders import cdnow, cdnow_sample, shop
from tests.conftest import COMPILED

AS_OF = "2025-12-31"
FAMILIES = ("pareto-nbd", "bg-nbd", "mbg-nbd")
N_CUSTOMERS = 400 if COMPILED else 60
# CLV.md 6: all 23,570 customers until 1997-09-30, times in days.
GOLDEN = {
    "bg-nbd": ((0.2516239589, 33.52260073, 0.7234335768, 2.161088359), -142726.0592307),
    "mbg-nbd": ((0.6371397334, 51.17202679, 0.8074741179, 1.228393996), -142694.5736174),
    "pareto-nbd": ((0.5974199663, 81.09960447, 0.5221856108, 61.79431405), -142772.7339150),
}
VALUE = {"p": 6.275359068, "q": 3.624450023, "gamma": 1498.368703}


def by_id(table: pa.Table) -> pa.Table:
    return table.sort_by("customer_id")


@pytest.mark.skipif(not COMPILED, reason="takes half a minute without the compiler")
@pytest.mark.parametrize("family", FAMILIES)
def test_fit__golden_results_of_cdnow(family):
    model = rfm.fit_clv(cdnow(), as_of="1997-09-30", family=family)
    parameters, log_likelihood = GOLDEN[family]
    assert [*model.parameters.values()] == pytest.approx(parameters, rel=1e-9)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=1e-6)
    assert model.value_parameters == pytest.approx(VALUE, rel=1e-9)
    assert (model.fitted.customers, model.fitted.customers_without_value) == (23_570, 1)
    assert model.at_limit == {}


def test_predict__has_the_statistics_of_the_rows():
    orders, customers = cdnow_sample(), published.sample()
    if COMPILED:
        orders, customers = cdnow(), published.master()
    model = rfm.fit_clv(orders, as_of="1997-09-30", family="mbg-nbd")
    table = model.predict(orders, as_of="1997-09-30")
    columns = (table[name].to_pylist() for name in ("x", "t_x", "T", "zbar"))
    rows = zip(*columns, strict=True)
    found = sorted((x, t_x, end, round(100 * x * zbar)) for x, t_x, end, zbar in rows)
    assert found == sorted((c.x, c.t_x, c.T, c.cents) for c in customers)


def test_score__adds_what_clv_writes(tmp_path):
    orders, place = shop(N_CUSTOMERS), tmp_path / "model.json"
    model = rfm.fit_clv(orders, as_of=AS_OF, horizon="30d", margin="0.25")
    model.save(place)
    alone = by_id(model.predict(orders, as_of=AS_OF))
    result = rfm.score(orders, as_of=AS_OF, clv_model=place, facts=True)
    scored = by_id(result.customers)
    names = scored.column_names
    assert names[-7:] == alone.column_names[-7:]
    assert names.index("x") < names.index("is_whale") < names.index("p_alive")
    assert "p_order_30d" in names
    assert scored.select(alone.column_names).equals(alone)
    assert result.summary()["options"]["clv_model"] == str(place)
    plain = rfm.score(orders, as_of=AS_OF, clv_model=model).customers
    assert plain.column_names == [*names[: names.index("is_whale")], *names[-7:]]


@pytest.mark.parametrize("family", FAMILIES)
def test_model__saved_and_loaded_predicts_the_same_bytes(tmp_path, family):
    orders, place = shop(N_CUSTOMERS), tmp_path / "model.json"
    model = rfm.fit_clv(orders, as_of=AS_OF, family=family)
    model.save(place)
    loaded = rfm.load_clv(place)
    assert loaded == model
    own, other = (by_id(each.predict(orders, as_of=AS_OF)) for each in (model, loaded))
    assert own.equals(other)


@pytest.mark.parametrize("family", FAMILIES)
def test_fit__has_the_same_bits_for_any_threads_order_and_parts(family):
    orders = shop(N_CUSTOMERS)
    mixed = orders.take(pa.array(np.random.default_rng(1).permutation(len(orders))))
    parts = mixed.to_batches(max_chunksize=97)
    ways = [(orders, 1), (mixed, 2), (iter(parts), 3), ([orders[:50], orders[50:]], 2)]
    models = [
        rfm.fit_clv(given, as_of=AS_OF, family=family, threads=threads) for given, threads in ways
    ]
    assert all(model == models[0] for model in models)
    tables = [by_id(models[0].predict(mixed, as_of=AS_OF, threads=n)) for n in (1, 2)]
    assert tables[0].equals(tables[1])


def test_predict__takes_rows_totals_and_results_alike():
    orders = shop(N_CUSTOMERS)
    model = rfm.fit_clv(orders, as_of=AS_OF)
    expected = by_id(model.predict(orders, as_of=AS_OF))
    totals = rfm.CustomerTotals(as_of=AS_OF, clv=True)
    totals.update(orders)
    result = rfm.score(orders, as_of=AS_OF, clv=True)
    assert by_id(model.predict(totals.totals())).equals(expected)
    assert by_id(model.predict(result)).equals(expected)
    assert rfm.fit_clv(totals.totals()) == model
    assert (
        by_id(rfm.score(totals.totals(), clv_model=model).customers)
        .select(expected.column_names)
        .equals(expected)
    )


def test_normalised_rows__are_read_with_their_own_options(tmp_path):
    from rfm_engine.normalize import write_normalized

    fit = partial(rfm.fit_clv, family="pareto-nbd" if COMPILED else "bg-nbd")
    orders = shop(N_CUSTOMERS).rename_columns(["who", "when", "paid"])
    columns = {"customer": "who", "time": "when", "amount": "paid"}
    write_normalized(orders, tmp_path / "rows", as_of=AS_OF, buckets=3, **columns)
    write_normalized(orders, tmp_path / "rows.parquet", as_of=AS_OF, **columns)
    model = fit(orders, as_of=AS_OF, **columns)
    for rows in (tmp_path / "rows", str(tmp_path / "rows.parquet")):
        assert fit(rows, as_of=AS_OF) == model
        assert fit(rows, as_of=AS_OF, customer="who") == model
        earlier = fit(rows, as_of="2025-10-31")
        assert earlier == fit(orders, as_of="2025-10-31", **columns)
        with pytest.raises(rfm.UsageError, match="at most 2025-12-31, the date up to which"):
            fit(rows, as_of="2026-01-01")
        with pytest.raises(rfm.UsageError, match="refunds must be 'net' for these normalised rows"):
            fit(rows, as_of=AS_OF, refunds="drop")
    rows = rfm.normalized(orders, as_of=AS_OF, **columns)
    assert fit(rows, as_of=AS_OF) == model
    write_normalized(orders, tmp_path / "short", as_of=AS_OF, buckets=1, window="90d", **columns)
    with pytest.raises(rfm.UsageError, match="must have all orders of a customer"):
        fit(tmp_path / "short", as_of=AS_OF)


def test_later_date__is_predicted_with_an_earlier_model():
    orders = shop(N_CUSTOMERS)
    model = rfm.fit_clv(orders, as_of="2025-09-30")
    later = model.predict(orders, as_of=AS_OF)
    known = rfm.score(orders, as_of=AS_OF, clv=True).customers
    assert by_id(later)["T"].equals(by_id(known)["T"])


def test_earlier_date__is_warned_of():
    orders = shop()
    model = rfm.fit_clv(orders, as_of=AS_OF)
    result = rfm.score(orders, as_of="2025-09-30", clv_model=model)
    [warning] = result.warnings
    assert warning.code == "later_model"
    assert "fitted to orders up to 2025-12-31, later than as_of 2025-09-30" in warning.text
    assert rfm.score(orders, as_of=AS_OF, clv_model=model).warnings == ()


def test_sort__gives_the_same_file_in_every_run(tmp_path):
    from rfm_engine.clv.run import clv_given

    orders, digests = shop(N_CUSTOMERS), set()
    for number, threads in enumerate((1, 2)):
        place = tmp_path / f"{number}.parquet"
        asked = {"as_of": AS_OF, "sort": "customer", "threads": threads, "memory_limit": "2GB"}
        clv_given(orders, asked, {}, place, None)
        ids = pq.read_table(place)["customer_id"].to_pylist()
        assert ids == sorted(ids)
        digests.add(place.read_bytes())
    assert len(digests) == 1
