"""A model scores the customers it was fitted to the same, and later ones by its cut points."""

from __future__ import annotations

import json
from math import isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.result.drift import stability
from rfm_engine.segments.catalogue import shipped_schemes
from tests import strategies
from tests.compare import scores_of
from tests.laws.test_score_reference import engine_options
from tests.shapes import AS_OF, HARD, random_orders

RANKED = {"python-rfm"}
METHODS = ("quantile", "quantile-linear", "qcut-drop", "r-rfm", "reserve-one-timers")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("model") / "model.json"


def assert_kept(orders, place, options, reading):
    """Score, save the model, and score again with it."""
    result = rfm.score(orders, **options, **reading)
    rfm.save_model(result, place)
    # The model contains some of the options; the other options are given again.
    given = {name: value for name, value in reading.items() if name not in ("frequency", "zero")}
    again = rfm.score(orders, model=place, **given)
    assert scores_of(again.customers) == scores_of(result.customers)
    assert again.segment_totals == result.segment_totals
    if again.customers.num_rows:
        assert [moved.psi for moved in rfm.drift(rfm.load_model(place), again)] == [0.0] * 4


@pytest.mark.parametrize("scheme", sorted({*shipped_schemes()} - RANKED))
@pytest.mark.parametrize("shape", HARD)
def test_model__of_every_scheme_and_shape(place, shape, scheme):
    if shape == "near the limit" and scheme == "pymc":  # its mean amounts overflow
        return
    assert_kept(HARD[shape](), place, {"scheme": scheme}, {"as_of": "newest"})


@given(
    orders=strategies.orders(),
    methods=st.tuples(*[st.sampled_from(METHODS)] * 3),
    scheme=st.sampled_from(["classic", "r-rfm", "shopify", "five-types"]),
)
def test_model__of_every_method(place, orders, methods, scheme):
    options = engine_options(orders, {"as_of": "newest"})
    assert_kept(orders.table, place, {"scheme": scheme, "method": methods}, options)


def test_model__is_applied_unchanged_to_other_orders(place):
    first, later = random_orders(500, 60, 1), random_orders(700, 90, 2)
    result = rfm.score(first, as_of=AS_OF, weights=[1, "0.5", 2])
    rfm.save_model(result, place)
    got = rfm.score(later, as_of=AS_OF, model=place)
    cuts = dict(zip(("r_cuts", "f_cuts", "m_cuts"), result.summary()["cuts"].values(), strict=True))
    expected = rfm.score(later, as_of=AS_OF, weights=[1, "0.5", 2], **cuts)
    one, two = (result.customers.sort_by("customer_id") for result in (got, expected))
    assert one.equals(two)
    assert got.options["model"] == str(place)


def test_model__of_groups_with_cut_points_each_is_refused(place):
    orders = random_orders(50, 10)
    result = rfm.score(orders.append_column("day", orders["customer_id"]), as_of=AS_OF, by="day")
    with pytest.raises(rfm.UsageError, match="cut points of all customers; got by 'day'"):
        rfm.save_model(result, place)


@pytest.mark.parametrize("method", ["ntile", "rank-linear", "nested"])
def test_model__of_ranks_and_groups_is_refused(place, method):
    result = rfm.score(random_orders(50, 10), as_of=AS_OF, method=method)
    with pytest.raises(rfm.UsageError, match=f"must have cut points; got method {method}"):
        rfm.save_model(result, place)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "readable JSON"),
        ("[]", "another file"),
        ('{"format": "x"}', "another file"),
        ('{"format": "rfm-engine score model", "version": 2}', "of version 1; got 2"),
        ('{"format": "rfm-engine score model", "version": 1}', "got no 'scheme'"),
    ],
)
def test_load__what_is_no_model_is_refused(place, content, said):
    place.write_text(content)
    with pytest.raises(rfm.UsageError, match=said):
        rfm.load_model(place)


@pytest.mark.parametrize(
    "option",
    [
        {"bins": 5}, {"method": "quantile"}, {"scheme": "classic"}, {"weights": [1, 1, 1]},
        {"monetary": "sum"}, {"frequency": "orders"}, {"frequency": "days"}, {"zero": "drop"},
    ],
)  # fmt: skip
def test_score__model_and_what_it_holds_contradict(place, option):
    rfm.save_model(rfm.score(random_orders(50, 10), as_of=AS_OF), place)
    with pytest.raises(rfm.UsageError, match="model must be used without"):
        rfm.score(random_orders(50, 10), as_of=AS_OF, model=place, **option)


def test_stability__is_the_index_of_credit_scoring():
    index = stability([0.5, 0.3, 0.2], [0.4, 0.3, 0.3])
    assert isclose(index, (0.4 - 0.5) * log(0.4 / 0.5) + (0.3 - 0.2) * log(0.3 / 0.2))
    assert stability([1.0, 0.0], [1.0, None]) == 0.0


def test_drift__shows_then_and_now(place):
    rfm.save_model(rfm.score(random_orders(500, 60, 1), as_of=AS_OF), place)
    later = rfm.score(random_orders(500, 60, 1), as_of="2026-06-30", model=place)
    r, f, *_ = rfm.drift(rfm.load_model(place), later)
    assert r.what == "r"
    assert r.psi > 0.25
    assert r.now["5"] == 0.0
    assert f.psi == 0.0


def test_drift__with_nobody_on_one_side_is_refused(place):
    """An empty share counts as 0.0001, so the result would be far from every model."""
    nobody, somebody = HARD["no rows"](), random_orders(50, 10)
    rfm.save_model(rfm.score(somebody, as_of=AS_OF), place)
    with pytest.raises(rfm.UsageError, match=r"orders must have customers .*; got none"):
        rfm.drift(rfm.load_model(place), rfm.score(nobody, as_of=AS_OF, model=place))
    rfm.save_model(rfm.score(nobody, as_of=AS_OF), place)
    with pytest.raises(rfm.UsageError, match=r"model must be fitted to customers .*; got none"):
        rfm.drift(rfm.load_model(place), rfm.score(somebody, as_of=AS_OF, model=place))


def test_drift__of_a_result_that_the_model_did_not_score_is_refused(place):
    rfm.save_model(rfm.score(random_orders(50, 10), as_of=AS_OF), place)
    other = rfm.score(random_orders(50, 10), as_of=AS_OF, scheme="klaviyo")
    with pytest.raises(rfm.UsageError, match=r"scored with the model .*; got another r"):
        rfm.drift(rfm.load_model(place), other)


def test_model__keeps_weights_as_they_are_written(place):
    """A float would lose digits: 1.0000000000000000000000001 would be read as 1."""
    weights = ["0.1", "1.0000000000000000000000001", 2]
    result = rfm.score(random_orders(50, 10), as_of=AS_OF, weights=weights)
    rfm.save_model(result, place)
    assert rfm.load_model(place).weights == [*map(str, weights)]
    again = rfm.score(random_orders(50, 10), as_of=AS_OF, model=place)
    assert again.customers.sort_by("customer_id").equals(result.customers.sort_by("customer_id"))


def test_model__is_readable(place):
    rfm.save_model(rfm.score(random_orders(500, 60, 1), as_of=AS_OF, scheme="five-types"), place)
    content = json.loads(place.read_text())
    assert content["as_of"] == AS_OF
    [high, *_] = content["scheme"]["segments"]
    assert high["name"] == "High value"
    assert [text.split()[:2] for text in high["when"]] == [
        ["recency_days", "<="], ["frequency", ">="], ["monetary", ">="],
    ]  # fmt: skip


def test_model__of_orders_is_applied_to_totals_of_customers(place):
    result = rfm.score(random_orders(500, 60, 1), as_of=AS_OF, zero="drop")
    rfm.save_model(result, place)
    totals = result.customers.select(["customer_id", "last_order", "frequency", "monetary"])
    named = {"time": "last_order", "n_orders": "frequency", "amount": "monetary"}
    again = rfm.score(totals, as_of=AS_OF, model=place, customer_level=True, **named)
    assert scores_of(again.customers).keys() == scores_of(result.customers).keys()
    assert again.segment_totals == result.segment_totals


def test_drift__takes_a_model_or_its_path(place):
    orders = random_orders(500, 60, 1)
    rfm.save_model(rfm.score(orders, as_of=AS_OF), place)
    later = rfm.score(orders, as_of="2026-06-30", model=place)
    expected = rfm.drift(rfm.load_model(place), later)
    assert rfm.drift(place, later) == rfm.drift(str(place), later) == expected
    with pytest.raises(rfm.UsageError, match="model must be a path; got 5"):
        rfm.drift(5, later)
