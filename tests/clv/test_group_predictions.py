"""Test that customers are predicted with the parameters of their group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine as rfm
from rfm_engine.clv import group_fits, groups
from rfm_engine.clv.families import FAMILIES
from rfm_engine.clv.predictor import ClvPredictor
from rfm_engine.clv.terms import Terms
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.totals import population_of
from tests.clv.sellers import AS_OF, Sellers
from tests.conftest import COMPILED

NAMES = [None, "north", "tiny", "south"]
EACH = 120 if COMPILED else 60
FAMILY = "pareto-nbd" if COMPILED else "bg-nbd"
WITHIN = {"as_of": AS_OF, "by": "seller"}
IDS = [("customer_id", "ascending"), ("seller", "ascending")]


@pytest.fixture(scope="module")
def orders() -> pa.Table:
    """The orders of four sellers; `tiny` has too few repeaters for a fit."""
    table = Sellers.simulated(4, EACH).table(NAMES, "string")
    is_tiny = np.array([each == "tiny" for each in table["seller"].to_pylist()])
    few = table["customer_id"].to_numpy() % EACH < 15
    return table.filter(pa.array(~is_tiny | few))


def of_seller(orders: pa.Table, name: str | None) -> pa.Table:
    return orders.filter(pa.array([each == name for each in orders["seller"].to_pylist()]))


@pytest.mark.parametrize("family", FAMILIES)
def test_predict__is_that_of_a_model_with_the_parameters_of_the_group(orders, family):
    model = rfm.fit_clv(orders, family=family, **WITHIN)
    assert [name for name, own in model.groups.items() if own is None] == ["tiny"]
    found = model.predict(orders, **WITHIN).sort_by(IDS)
    for name, own in model.groups.items():
        alone = replace(model, fitted=own or model.fitted, by=None, groups=None)
        want = alone.predict(of_seller(orders, name).drop(["seller"]), as_of=AS_OF)
        got = of_seller(found, name).drop(["seller"])
        assert got.equals(want.sort_by("customer_id"))
    assert len(found) == 3 * EACH + 15


@pytest.mark.parametrize("family", FAMILIES if COMPILED else ["mbg-nbd"])
def test_predict__a_saved_model_gives_the_same(orders, family, tmp_path):
    model = rfm.fit_clv(orders, family=family, shrinkage_sd="0.2", **WITHIN)
    model.save(tmp_path / "model.json")
    again = rfm.load_clv(tmp_path / "model.json")
    assert again == model
    assert [*again.groups] == [None, "north", "south", "tiny"]
    options = {"horizon": "30d", "margin": "0.4", **WITHIN}
    want = model.predict(orders, **options).sort_by(IDS)
    assert again.predict(orders, **options).sort_by(IDS).equals(want)
    scored = rfm.score(orders, clv_model=tmp_path / "model.json", **WITHIN)
    mine = model.predict(orders, **WITHIN).sort_by(IDS)
    assert scored.customers.select(mine.column_names).sort_by(IDS).equals(mine)
    assert scored.warnings == rfm.score(orders, **WITHIN).warnings
    result = rfm.score(orders, clv=True, **WITHIN)
    assert model.predict(result).sort_by(IDS).equals(mine)


@pytest.mark.parametrize("many", [1 << 18, 10])
def test_predict__threads_and_order_of_rows_have_no_effect(orders, many, monkeypatch):
    model = rfm.fit_clv(orders, threads=1, family=FAMILY, **WITHIN)
    monkeypatch.setattr(groups, "MANY", many)
    mixed = orders.take(pa.array(np.random.default_rng(2).permutation(len(orders))))
    other = rfm.fit_clv(mixed, threads=3, family=FAMILY, **WITHIN)
    assert other == model
    one = model.predict(orders, threads=1, **WITHIN).sort_by(IDS)
    assert other.predict(mixed, threads=3, **WITHIN).sort_by(IDS).equals(one)


def test_predict__a_group_that_the_model_does_not_know_has_the_parameters_of_all(orders):
    model = rfm.fit_clv(of_seller(orders, "north"), family=FAMILY, **WITHIN)
    found = model.predict(orders, **WITHIN).sort_by(IDS)
    alone = replace(model, by=None, groups=None)
    for name in (None, "south", "tiny"):
        want = alone.predict(of_seller(orders, name).drop(["seller"]), as_of=AS_OF)
        assert of_seller(found, name).drop(["seller"]).equals(want.sort_by("customer_id"))
    warnings = rfm.score(orders, clv_model=model, **WITHIN).warnings
    [said] = [each.text for each in warnings if each.code == "unknown_groups"]
    assert said.startswith("the model does not know 3 of 4 groups: ")


def test_predict__ids_of_all_kinds_are_found_in_a_saved_model(tmp_path):
    groups = {
        "int": (pa.int64(), [-(2**63), 2**63 - 1]),
        "uint": (pa.uint64(), [1, 2**64 - 1]),
        "binary": (pa.binary(), [b"\x00\xff", b""]),
        "uuid": (pa.uuid(), [b"0123456789abcdef", b"\xff" * 16]),
    }
    sellers = Sellers.simulated(2, EACH)
    for kind, names in groups.values():
        stored = pa.binary(16) if kind == pa.uuid() else kind
        table = sellers.table(names, stored)
        if kind == pa.uuid():
            column = kind.wrap_array(table["seller"].combine_chunks())
            table = table.set_column(3, "seller", column)
        model = rfm.fit_clv(table, family="bg-nbd", **WITHIN)
        assert len(model.groups) == 2
        model.save(tmp_path / "model.json")
        again = rfm.load_clv(tmp_path / "model.json")
        assert again == model
        warnings = rfm.score(table, clv_model=again, **WITHIN).warnings
        assert "unknown_groups" not in [each.code for each in warnings]


def test_predictor__some_customers_of_a_part_have_the_same_columns(orders):
    model = rfm.fit_clv(orders, family="mbg-nbd", **WITHIN)
    totals = rfm.CustomerTotals(clv=True, **WITHIN)
    totals.update(orders)
    population = population_of(totals.totals())
    with Workers(2) as pool:
        chunks, _ = population.chunks(pool)
        predicted = ClvPredictor(model, Terms.of("90d", "365d", "1", "0.1"), 2).of(
            chunks, population, pool
        )
    [chunk] = chunks
    some = np.arange(len(chunk.frequency)) % 17 == 3
    for whole, part in zip(
        predicted.columns(chunk), predicted.columns(chunk.chosen(some)), strict=True
    ):
        assert part.equals(whole.filter(pa.array(some)))


def test_predict__orders_without_rows_and_groups(orders):
    model = rfm.fit_clv(orders, family="bg-nbd", **WITHIN)
    found = model.predict(orders.slice(0, 0), **WITHIN)
    assert (len(found), found.column_names[:2]) == (0, ["customer_id", "seller"])


def test_validate_clv__predicts_with_the_same_fits_at_the_earlier_date(orders, monkeypatch):
    if not COMPILED:
        orders = orders.filter(pc.is_valid(orders["seller"]))
    held = rfm.validate_clv(orders, family="bg-nbd", validate="120d", **WITHIN)
    earlier = {"as_of": held.holdout.fit_as_of, "by": "seller"}
    saved = rfm.fit_clv(orders, family="bg-nbd", **earlier)
    again = rfm.validate_clv(orders, clv_model=saved, validate="120d", **WITHIN)
    assert again.table.equals(held.table)
    assert again.tracking.equals(held.tracking)
    predicted = saved.predict(orders, horizon="120d", **earlier)
    total = sum(predicted["expected_orders_120d"].to_pylist())
    assert held.table["orders"][0].as_py() == pytest.approx(total, rel=1e-9)
    other = rfm.validate_clv(orders, family="bg-nbd", validate="120d", threads=3, **WITHIN)
    assert other.table.equals(held.table)
    # Without groups of their own, customers are predicted as one population.
    monkeypatch.setattr(group_fits, "FEWEST_REPEATERS", 10**9)
    pooled = rfm.validate_clv(orders, family="bg-nbd", validate="120d", **WITHIN)
    whole = replace(saved, groups=dict.fromkeys(saved.groups))
    want = rfm.validate_clv(orders, clv_model=whole, validate="120d", **WITHIN)
    assert pooled.table.equals(want.table)
    assert pooled.table["orders"][0] != held.table["orders"][0]
