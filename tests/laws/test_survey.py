"""Test that surveys of totals have the cut points of `score`, for any split of the customers."""

from __future__ import annotations

import itertools
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.result.summary import cuts_in_units
from rfm_engine.scoring.methods import CUTS
from tests import strategies
from tests.compare import scores_of
from tests.covering import covering
from tests.laws.test_score_reference import engine_options
from tests.shapes import AS_OF, HARD, random_orders


@pytest.fixture(scope="module")
def free(tmp_path_factory):
    """Return a scheme without conditions, so that any methods and bins can be used."""
    file = tmp_path_factory.mktemp("scheme") / "free.toml"
    file.write_text('[[segments]]\nname = "all"\n')
    return file


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("model") / "model.json"


def totals_of(table, **reading):
    totals = rfm.CustomerTotals(**({"as_of": AS_OF} | reading))
    totals.update(table)
    return totals


def split(table, owner):
    """Split orders by customer; `owner` returns the part of a customer."""
    owners = [owner(str(customer)) for customer in table["customer_id"].to_pylist()]
    # The rows are sliced, because pyarrow cannot filter views.
    rows = [[row for row, own in enumerate(owners) if own == part] for part in range(3)]
    return [pa.concat_tables([table[:0], *(table[row : row + 1] for row in own)]) for own in rows]


def surveyed(parts, options, monetary):
    """Survey parts in two rounds, beginning with the last part."""
    first, *others = (part.survey(monetary=monetary) for part in reversed(parts))
    keys = first.merge(*others).needs(**options)
    first, *others = (part.survey(keys, monetary=monetary) for part in reversed(parts))
    return first.merge(*others)


@given(
    orders=strategies.orders(),
    methods=st.tuples(*[st.sampled_from(sorted(CUTS))] * 3),
    bins=st.tuples(*[st.integers(2, 12)] * 3),
    monetary=st.sampled_from(["sum", "mean"]),
    salt=st.integers(0, 99),
)
def test_survey__of_split_customers_cuts_as_score(free, orders, methods, bins, monetary, salt):
    reading = engine_options(orders, {})
    bins = [2 if method == "mean" else n for method, n in zip(methods, bins, strict=True)]
    options = {"method": methods, "bins": bins}
    parts = [
        totals_of(part, **reading)
        for part in split(orders.table, lambda customer: (len(customer) + salt) % 7 % 3)
    ]
    whole = totals_of(orders.table, **reading)
    try:
        result = rfm.score(
            orders.table, as_of=AS_OF, scheme=free, monetary=monetary, **options, **reading
        )
    except rfm.DataError:
        with pytest.raises(rfm.DataError):
            whole.survey(monetary=monetary)
        return
    survey = surveyed(parts, options, monetary)
    assert survey.cuts(**options) == result.cuts
    assert cuts_in_units(survey.cuts(**options), survey.money_scale) == result.summary()["cuts"]
    assert survey == surveyed([whole], options, monetary)
    assert survey.n_customers == result.summary()["customers"]


@pytest.mark.parametrize(
    ("shape", "method", "monetary"),
    [
        *covering(HARD, [*sorted(CUTS), "thresholds"], ["sum"], times=3),
        *itertools.product(sorted({*HARD} - {"near the limit"}), ["quantile"], ["mean"]),
    ],
)
def test_survey__of_hard_shapes(free, shape, method, monetary):
    table = HARD[shape]()
    options = {"method": method, "bins": 2 if method == "mean" else (5, 3, 4)}
    if method == "thresholds":
        options = {"r_cuts": [30, 90], "f_cuts": [1], "m_cuts": ["10.005", "99.99", "1e3"]}
    result = rfm.score(table, as_of=AS_OF, scheme=free, monetary=monetary, **options)
    parts = [totals_of(part) for part in split(table, lambda customer: len(customer) % 3)]
    survey = surveyed(parts, options, monetary)
    assert survey.cuts(**options) == result.cuts
    assert survey == surveyed([totals_of(table)], options, monetary)


def test_survey__of_a_state_is_that_of_its_orders(tmp_path):
    table = random_orders(500, 120, 7)
    with rfm.State.create(tmp_path / "state") as state:
        state.ingest(table, batch_id="all")
        found = state.totals(as_of=AS_OF).survey([3000])
    assert found == totals_of(table).survey([3000])


def test_survey__of_many_chunks(monkeypatch):
    monkeypatch.setattr("rfm_engine.totals.customers._CHUNK_CUSTOMERS", 50)
    table = random_orders(3_000, 900, 7)
    many = totals_of(table).survey([3000, 3100])
    monkeypatch.undo()
    assert many == totals_of(table).survey([3000, 3100])


def test_survey__of_groups_is_refused():
    table = random_orders(50, 10)
    totals = totals_of(table.append_column("shop", table["customer_id"]), by="shop")
    with pytest.raises(rfm.UsageError, match=r"must have no groups to be surveyed.*got by 'shop'"):
        totals.survey()


def test_survey__of_newest_days_that_differ_is_not_merged():
    one, two = (totals_of(random_orders(1, 1, seed), as_of="newest").survey() for seed in (1, 2))
    with pytest.raises(
        rfm.UsageError, match=r"must have the same as_of to be merged; got 20.*, 20"
    ):
        one.merge(two)
    nobody = rfm.CustomerTotals(as_of="newest").survey()
    assert nobody.merge(one) == one


@pytest.mark.parametrize(
    ("scheme", "method", "more"),
    [
        ("classic", "quantile", {"weights": [1, "0.5", 2]}),
        ("classic", ["qcut-drop", "reserve-one-timers", "r-rfm"], {"monetary": "mean"}),
        ("shopify", "quantile-linear", {"frequency": "days"}),
        ("pymc", None, {}),
        ("eight-types", None, {}),
        ("klaviyo", None, {}),
        ("recency-bands", None, {}),
        ("value-tiers", "thresholds", {"r_cuts": [9, 99], "f_cuts": [1, 2], "m_cuts": [10, "9e1"]}),
    ],
)
@pytest.mark.parametrize("n", [0, 1, 400])
def test_model__of_the_cut_points_of_a_survey_scores_as_the_orders_do(
    place, scheme, method, more, n
):
    table = random_orders(n, 90, 5)
    asked = {"scheme": scheme, "method": method, **more}
    result = rfm.score(table, as_of=AS_OF, **asked)
    used = result.options
    reading = {name: used[name] for name in ("frequency", "zero")}
    cutting = {name: used[name] for name in ("method", "bins", "r_cuts", "f_cuts", "m_cuts")}
    survey = surveyed([totals_of(table, **reading)], cutting, used["monetary"])
    cuts = survey.cuts(**cutting)
    assert cuts == result.cuts
    named = {name: given for name, given in asked.items() if not name.endswith("_cuts")}
    model = rfm.Model.of(cuts, scale=survey.scale, as_of=AS_OF, **named)
    rfm.save_model(model, place)
    assert rfm.load_model(place) == model
    rfm.save_model(result, place.with_name("of_result.json"))
    of_result = rfm.load_model(place.with_name("of_result.json"))
    assert model.scheme == of_result.scheme
    assert model[1:3] == of_result[1:3]
    assert model.fitted == of_result.fitted
    again = rfm.score(table, as_of=AS_OF, model=place)
    assert scores_of(again.customers) == scores_of(result.customers)
    assert again.customers.schema.names == result.customers.schema.names


def test_model__that_was_loaded_is_written_as_it_was(place):
    rfm.save_model(rfm.score(random_orders(200, 40), as_of=AS_OF, scheme="five-types"), place)
    model = rfm.load_model(place)
    rfm.save_model(model, place)
    assert rfm.load_model(place) == model
    content = json.loads(place.read_text())
    place.write_text(json.dumps(content | {"fitted": None}))
    assert rfm.load_model(place).fitted is None
    place.write_text(json.dumps(content | {"fitted": ["quantile"]}))
    with pytest.raises(rfm.UsageError, match=r"fitted of model .* must have method and bins"):
        rfm.load_model(place)


@pytest.mark.parametrize(
    ("cuts", "options", "said"),
    [
        (([1], [1] * 4, [1] * 4), {}, r"cuts.r must be 4 ascending integers for 5 bins; got \[1\]"),
        (([4, 3, 2, 1], [1] * 4, [1] * 4), {}, "cuts.r must be 4 ascending integers"),
        (([1] * 4, [1] * 4, [1.0] * 4), {}, "cuts.m must be 4 ascending integers"),
        (([1] * 4, [1] * 5, [1] * 4), {"method": "qcut-drop"}, "cuts.f must be 4 ascending"),
        (([1] * 4,) * 3, {"method": "ntile"}, "model must have cut points; got method ntile"),
        (([1] * 4,) * 3, {"method": ["quantile"] * 2}, "method must be one value or three"),
        (([1] * 4,) * 3, {"scheme": "five-types"}, "numbers only; got .*mean.*Save the model of a"),
        (([1] * 4,) * 3, {"as_of": "soon"}, "as_of"),
        (([1] * 4,) * 3, {"frequency": "weeks"}, "frequency"),
    ],
)
def test_model__of_cut_points_that_do_not_fit_is_refused(cuts, options, said):
    with pytest.raises(rfm.UsageError, match=said):
        rfm.Model.of(rfm.Cuts(*cuts), scale=2, **options)


def test_drift__from_a_model_of_cut_points_is_refused():
    model = rfm.Model.of(rfm.Cuts([1] * 4, [1] * 4, [1] * 4), scale=2)
    with pytest.raises(rfm.UsageError, match="model must be fitted to customers"):
        rfm.drift(model, rfm.score(random_orders(50, 10), as_of=AS_OF))
