"""Test scores within groups: they depend only on the orders of the group."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import IntKeys
from rfm_engine.scoring import groups as within
from rfm_engine.scoring.methods import BY_RANK, Measure
from rfm_engine.segments.catalogue import shipped_schemes
from rfm_engine.totals.group_order import regrouped
from tests import reference, reference_methods, strategies
from tests.conftest import COMPILED
from tests.laws.test_methods import METHODS
from tests.shapes import AS_OF, random_orders
from tests.variants import VARIANTS, variant


def shops(n: int, n_shops: int, *, none: bool = True) -> pa.Array:
    names = [f"shop {i * 7919 % n_shops}" for i in range(n)]
    return pa.array([None if none and name == "shop 0" else name for name in names])


def rows(result: rfm.Result) -> list[str]:
    return sorted(map(str, result.customers.to_pylist()))


def one_at_a_time(table: pa.Table, by: str, **options) -> list[str]:
    """Score the orders of each group separately."""
    found = []
    values = table[by].to_pylist()
    for group in dict.fromkeys(values):
        own = table.filter(pa.array([value == group for value in values])).drop([by])
        for row in rfm.score(own, **options).customers.to_pylist():
            (who, customer), *rest = row.items()
            found.append(str({who: customer, by: group, **dict(rest)}))
    return sorted(found)


@given(orders=strategies.orders(), data=st.data())
def test_by__any_ids_and_groups(orders, data):
    groups = data.draw(strategies.keys(orders.table.num_rows))
    table = orders.table.append_column("shop", groups)
    expected = {}
    keep = table["shop"].to_pylist()
    for group in dict.fromkeys(keep):
        own = [row for row, value in zip(orders.rows, keep, strict=True) if value == group]
        twin = reference.score(
            own, as_of=AS_OF, timezone=orders.timezone, zoned=orders.zoned, scale=orders.scale,
            has_order="order_id" in table.column_names,
        )  # fmt: skip
        for key, customer in twin.customers.items():
            expected[key, group] = customer.frequency, customer.rfm_score, customer.segment
    names = table.column_names
    result = rfm.score(
        table, as_of=AS_OF, timezone=orders.timezone, by="shop",
        order="order_id" if "order_id" in names else None,
        quantity="quantity" if "quantity" in names else None,
    )  # fmt: skip
    columns = [result.customers[name].to_pylist() for name in ("frequency", "rfm_score", "segment")]
    who = [getattr(key, "bytes", key) for key in result.customers["customer_id"].to_pylist()]
    where = result.customers["shop"].to_pylist()
    pairs = zip(who, where, strict=True)
    assert dict(zip(pairs, zip(*columns, strict=True), strict=True)) == expected
    assert result.cuts is None
    assert result.cuts_by_group == len({group for _, group in expected})


@pytest.mark.parametrize("method", [None, "qcut-drop", "ntile", "rank-linear", "nested", "r-rfm"])
@pytest.mark.parametrize("ids", ["int", "text"])
def test_by__every_method_as_if_alone(method, ids, monkeypatch):
    monkeypatch.setattr("rfm_engine.totals.customers._CHUNK_CUSTOMERS", 50)
    n = 1_500 if COMPILED else 600
    table = random_orders(n, n // 10, 2).append_column("shop", shops(n, 9))
    if ids == "text":
        names = [f"customer-{key % 37}{'x' * (key % 9)}" for key in table[0].to_pylist()]
        table = table.set_column(0, "customer_id", pa.array(names))
    options = {"as_of": AS_OF, "method": method, "monetary": "mean"}
    assert rows(rfm.score(table, by="shop", **options)) == one_at_a_time(table, "shop", **options)


@pytest.mark.parametrize("scheme", shipped_schemes())
def test_by__every_scheme_as_if_alone(scheme, monkeypatch):
    monkeypatch.setattr(within, "_MOST_SORTED", 20)
    n = 900 if COMPILED else 400
    table = random_orders(n, 80, 5).append_column("shop", shops(n, 7))
    table = table.append_column("n", pa.array(range(n)))
    options = {"as_of": AS_OF, "scheme": scheme, "where": ["n!=7"]}
    assert rows(rfm.score(table, by="shop", **options)) == one_at_a_time(table, "shop", **options)


@pytest.fixture(scope="module")
def baskets():
    """Build order lines of many shops, and the results of scoring each shop separately."""
    n = 2_000 if COMPILED else 700
    table = random_orders(n, n // 5, 8).append_column("shop", shops(n, 60))
    table = table.append_column("basket", pa.array([i // 2 for i in range(n)]))
    return table, one_at_a_time(table, "shop", as_of=AS_OF, order="basket")


@pytest.mark.parametrize("way", VARIANTS)
def test_by__however_they_are_grouped(baskets, way):
    table, expected = baskets
    with variant(way):
        assert rows(rfm.score(table, as_of=AS_OF, by="shop", order="basket")) == expected


def test_by__totals_of_customers_and_rates(tmp_path):
    table = random_orders(900, 80, 5).append_column("shop", shops(900, 7))
    table = table.append_column("orders", pa.array([i % 4 for i in range(900)]))
    table = table.append_column("money", pa.array([["EUR", "USD"][i % 2] for i in range(900)]))
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,rate\nEUR,1\nUSD,0.925\n")
    options = {"as_of": AS_OF, "customer_level": True, "currency": "money", "rates": rates}
    assert rows(rfm.score(table, by="shop", **options)) == one_at_a_time(table, "shop", **options)


KEY = HashKey.from_int(7)
# The least int64 is excluded: no amount and no mean has it. As a cut point it is below all values.
VALUES = st.one_of(
    st.integers(-3, 3), st.integers(-(10**18), 10**18), st.integers(1 - 2**63, 2**63 - 1)
)
ONE_BY_ONE = [method for method in METHODS if method != "reserve-one-timers"]


@given(
    customers=st.lists(st.tuples(st.integers(0, 3), VALUES), max_size=130),
    method=st.sampled_from([*ONE_BY_ONE, "mean"]),
    axis=st.sampled_from("rfm"),
    bins=st.integers(2, 12) | st.just(100),
    most=st.sampled_from([1, 60, 1_000]),
)
@example(customers=[(0, 2**63 - 1)], method="r-rfm", axis="r", bins=2, most=1)
@example(customers=[(0, 2**63 - 1)], method="r-rfm", axis="m", bins=2, most=1)
def test_place_within__equals_its_definition(customers, method, axis, bins, most):
    bins = 2 if method == "mean" else bins
    numbers = [group for group, _ in customers]
    values = [value for _, value in customers]
    hashes = IntKeys(np.array(numbers, np.uint64)).hash(KEY)
    with ThreadPoolExecutor(1) as pool:
        places, found, n = regrouped([hashes], KEY, pool)
    groups = within.Groups(found, n, places)
    unit = 100 if axis == "m" else 1
    measure = Measure([np.array(values, np.int64)], map, unit, axis != "r")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(within, "_MOST_SORTED", most)
        if method in BY_RANK:
            placed = within.rank_within(method, measure, bins, groups)
        else:
            wanted = within.Wanted(method, bins, measure)
            placed = within.place_within([wanted], groups)[:, 0]
    [placed] = groups.back(placed)
    scores = [bins - place if axis == "r" else place + 1 for place in placed.tolist()]
    for group in set(numbers):
        members = [i for i, number in enumerate(numbers) if number == group]
        own = [values[i] for i in members]
        expected = reference_methods.scores(method, axis, own, members, bins)
        assert [scores[i] for i in members] == expected


def test_overall__is_a_run_without_groups(tmp_path):
    table = random_orders(900, 80, 5).append_column("shop", shops(900, 7, none=False))
    table = table.append_column("basket", pa.array([i // 2 for i in range(900)]))
    options = {"as_of": AS_OF, "order": "basket"}
    alone = rfm.score(table, **options)
    grouped = rfm.score(table, by="shop", **options)
    output = tmp_path / "out.parquet"
    both = rfm.score(table, by="shop", overall=True, output=output, **options)
    assert rows(both.overall) == rows(alone)
    assert rows(both) == rows(grouped)
    said = alone.summary()
    same = ("customers", "customers_without_orders", "cuts", "segments")
    assert both.summary()["overall"] == {key: said[key] for key in same}
    written = pq.read_table(output)
    assert written.column_names == both.customers.column_names
    assert written["shop"].null_count == len(alone.customers)
    without = written.filter(written["shop"].is_null()).drop(["shop"])
    assert sorted(map(str, without.to_pylist())) == rows(alone)
    assert sorted(map(str, written.filter(written["shop"].is_valid()).to_pylist())) == rows(both)


def test_overall__is_a_result_of_its_own(tmp_path):
    table = random_orders(900, 80, 5).append_column("shop", shops(900, 7, none=False))
    result = rfm.score(table, as_of=AS_OF, by="shop", overall=True)
    alone = rfm.score(table, as_of=AS_OF)
    assert rfm.explain(result.overall, [3]) == rfm.explain(alone, [3])
    assert rfm.explain(result, [3])[-1:] == rfm.explain(alone, [3])
    rfm.save_model(result.overall, tmp_path / "model.json")
    assert rfm.load_model(tmp_path / "model.json").scheme.cuts
    about = json.loads(result.schema.metadata[b"rfm_engine"])
    assert about["overall"]["cuts"] == alone.summary()["cuts"]


def test_overall__of_customers_without_a_group_is_refused():
    table = random_orders(90, 8, 5).append_column("shop", shops(90, 7))
    with pytest.raises(rfm.DataError, match=r"must have a group if overall .* null in 'shop'"):
        rfm.score(table, as_of=AS_OF, by="shop", overall=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"overall": True}, "overall must be used with by"),
        ({"by": "customer_id"}, "by must name another column than customer"),
        ({"by": "order_time"}, "group column 'order_time' must contain integers, text"),
        ({"by": "shops"}, "column 'shops' must exist"),
    ],
)
def test_by__what_is_no_group_is_refused(options, said):
    with pytest.raises((rfm.UsageError, rfm.DataError), match=said):
        rfm.score(random_orders(9, 8, 5), as_of=AS_OF, **options)


def test_by__nobody():
    table = random_orders(9, 8, 5).append_column("shop", shops(9, 7)).slice(0, 0)
    for method in ("quantile", "nested", "ntile"):
        result = rfm.score(table, as_of=AS_OF, by="shop", method=method)
        assert (len(result.customers), result.cuts, result.cuts_by_group) == (0, None, 0)


def test_by__explained_by_the_cut_points_of_the_group():
    table = random_orders(900, 80, 5).append_column("shop", shops(900, 7))
    for scheme in ("classic", "five-types"):
        result = rfm.score(table, as_of=AS_OF, by="shop", scheme=scheme)
        stories = rfm.explain(result, [3])
        assert len(stories) == len([key for key in result.customers[0].to_pylist() if key == 3]) > 1
        values = table["shop"].to_pylist()
        for story in stories:
            group = story.customer.pop("shop")
            own = table.filter(pa.array([value == group for value in values]))
            [alone] = rfm.explain(rfm.score(own, as_of=AS_OF, scheme=scheme), [3])
            assert story == alone
