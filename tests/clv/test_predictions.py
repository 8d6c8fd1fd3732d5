"""Test the predicted columns: known customers, the formulas per customer, extreme inputs."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.bg_forecast import BgForecast
from rfm_engine.clv.predictions import Estimates
from rfm_engine.clv.terms import Terms
from rfm_engine.clv.triples import Triples, keys_of
from rfm_engine.clv.values import GammaGammaValue, MeanValue
from rfm_engine.totals.tables.day_totals import Repeats
from tests.clv.summary import MILLIWEEKS, published_summary
from tests.conftest import COMPILED

AS_OF_DAY = 36_525
BG = (0.2426, 4.4136, 0.7929, 2.4259)
VALUE = GammaGammaValue((6.25, 3.74, 1544.0), 0.0)
TERMS = Terms(90, 365, Decimal("0.25"), Decimal("0.1"))
NAMED = [  # id, value, clv of 12 months of 4.345 weeks at 1%
    (1, 24.663714, 36.286366),
    (2, 18.916852, 4.638966),
    (3, 35.218978, 8.355733),
    (18, 17.679366, 6.351515),
    (157, 26.393418, 625.357670),
    (1516, 39.891219, 972.142459),
]
INT64 = (-(1 << 63), (1 << 63) - 1)
logs = st.floats(-11.5, 9.2).map(math.exp)
amounts = st.integers(*INT64) | st.sampled_from([*INT64, 0, 1, -1]) | st.integers(-(10**6), 10**6)
# First day, share of the time until the last day, of days with an order; s; net amount.
customers = st.tuples(
    st.integers(0, AS_OF_DAY) | st.sampled_from([0, AS_OF_DAY]),
    st.floats(0, 1),
    st.floats(0, 1),
    amounts,
    amounts,
)


def repeats_of(rows):
    """Return customers and their net amounts from the rows of the strategy."""
    found, net = [], []
    for first, last, share, s, amount in rows:
        span = round((AS_OF_DAY - first) * last)
        n_days = 1 + (max(1, round(span * share)) if span else 0)
        s_used = s if n_days > 1 else 0
        found.append((first, first + span, n_days, s_used >> 32, s_used & 0xFFFFFFFF))
        net.append(amount)
    kinds = (np.int32,) * 3 + (np.int64,) * 2
    columns = zip(*found, strict=True)
    repeats = [np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return Repeats(*repeats), np.array(net, np.int64)


def estimates_of(repeats, forecast, value=VALUE, terms=TERMS, scale=2):
    triples = Triples.of([keys_of(repeats, AS_OF_DAY)])
    return Estimates(forecast, value, terms, triples, scale, AS_OF_DAY)


def columns_of(estimates, repeats, net):
    columns = estimates.columns(repeats, net)
    table = pa.table(columns, schema=pa.schema(estimates.fields))
    table.validate(full=True)
    return table


@pytest.fixture(scope="module")
def lifetime_values():
    """Return the value and lifetime value of the CDNOW sample, in months of 4.345 weeks at 1%.

    Without the compiler, those of the known customers alone.
    """
    *times, mean = published_summary()
    numbers = range(1, len(mean) + 1) if COMPILED else [number for number, *_ in NAMED]
    places = [number - 1 for number in numbers]
    x, t_x, T = (column[places] for column in times)  # noqa: N806
    mean = [mean[place] for place in places]
    r, alpha, a, b = BG
    model = BgForecast((r, alpha * MILLIWEEKS, a, b), modified=False, threads=2)
    ends = [4345 * month for month in range(13)]
    orders = [np.zeros(len(x)), *(model.orders(x, T, end) for end in ends[1:])]
    discounted = sum((orders[j] - orders[j - 1]) / 1.01**j for j in range(1, 13))
    cents = np.array([round(100 * Decimal(z) * n) for z, n in zip(mean, x.tolist(), strict=True)])
    value = VALUE.expected(x, cents) / 100
    clv = value * model.p_alive(x, t_x, T) * discounted
    return dict(zip(numbers, zip(value.tolist(), clv.tolist(), strict=True), strict=True))


def test_sample__has_the_known_values_and_lifetime_values(lifetime_values):
    for number, *known in NAMED:
        assert lifetime_values[number] == pytest.approx(known, abs=6e-7)
    if COMPILED:
        total = math.fsum(clv for _, clv in lifetime_values.values())
        assert total == pytest.approx(71_539.2070, abs=6e-5)


@given(st.lists(customers, min_size=1, max_size=8), st.booleans())
def test_columns__follow_from_the_forecast_of_each_customer(rows, modified):
    rows = [(first, *shares, s % 10**9, net % 10**12) for first, *shares, s, net in rows]
    repeats, net = repeats_of(rows)
    model = BgForecast((0.25, 30, 0.8, 2.4), modified=modified, threads=1)
    found = columns_of(estimates_of(repeats, model), repeats, net)
    ends = [*range(30, 365, 30), 365]
    for i, row in enumerate(found.to_pylist()):
        first, last, n_days, high, low = (int(column[i]) for column in repeats)
        x, t_x, T = (np.array([n]) for n in (n_days - 1, last - first, AS_OF_DAY - first))  # noqa: N806
        orders = [0.0, *(model.orders(x, T, end)[0] for end in ends)]
        steps = (b - a for a, b in pairwise(orders))
        discounted = math.fsum(s * 1.1 ** (-end / 365) for s, end in zip(steps, ends, strict=True))
        alive, s = model.p_alive(x, t_x, T)[0], (high << 32) + low
        value = 6.25 * (1544 + s) / (6.25 * x[0] + 2.74) / 100
        expected = {
            "p_alive": alive,
            "p_order_90d": alive * model.p_order(x, T, 90)[0],
            "expected_orders_90d": alive * model.orders(x, T, 90)[0],
            "expected_value": value,
            "clv": 0.25 * value * alive * discounted,
            "simple_clv": 0.25 * int(net[i]) / 100 * 365 / max(T[0] + 1, 90),
        }
        historic = row.pop("historic_clv")
        assert row == pytest.approx(expected, rel=1e-12)
        assert historic == Decimal(round(int(net[i]) * Fraction(1, 4))).scaleb(-2)


@given(
    st.lists(customers, min_size=1, max_size=5),
    st.tuples(logs, st.floats(-6.9, 18.4).map(math.exp), logs, logs),
    st.tuples(logs, logs | st.just(1.0), st.floats(-6.9, 27.6).map(math.exp)),
    st.sampled_from([(1, 3650), (3650, 1), (90, 365)]),
    st.tuples(st.booleans(), st.sampled_from([0, 2, 18])),
)
def test_columns__are_finite_and_not_negative_for_any_input(rows, shape, value, days, kind):
    modified, scale = kind
    repeats, net = repeats_of(rows)
    model = BgForecast(shape, modified=modified, threads=1)
    terms = Terms(*days, Decimal("0.3"), Decimal(1))
    estimates = estimates_of(repeats, model, GammaGammaValue(value, 3.0), terms, scale)
    *floats, historic = estimates.columns(repeats, net)
    assert [each.null_count for each in (*floats, historic)] == [0] * 7
    for field, column in zip(estimates.fields, floats, strict=False):
        values = column.to_numpy()
        assert (np.isfinite(values) & (values >= 0)).all(), field.name
    alive, p_order, orders = (each.to_numpy() for each in floats[:3])
    assert (alive <= 1).all()
    assert (p_order <= np.minimum(alive, orders)).all()
    assert (floats[3].to_numpy() > 0).all()


def test_columns__have_the_same_bits_in_any_chunks_and_threads():
    draw = np.random.default_rng(1)
    n = 100_000 if COMPILED else 600
    first = draw.integers(35_000, AS_OF_DAY, n).astype(np.int32)
    x = np.minimum(draw.geometric(0.5, n) - 1, AS_OF_DAY - first).astype(np.int32)
    last = (first + np.minimum(AS_OF_DAY - first, 3 * x)).astype(np.int32)
    s = 2000 * x.astype(np.int64)
    repeats, net = Repeats(first, last, x + 1, s >> 32, s & 0xFFFFFFFF), s + 1999
    some = slice(17, n - 99)
    results = []
    for threads in (1, 3):
        model = BgForecast((0.25, 30, 0.8, 2.4), modified=True, threads=threads)
        estimates = estimates_of(repeats, model)
        whole = columns_of(estimates, repeats, net)
        cuts = [slice(start, start + n // 3) for start in range(0, n, n // 3)]
        with ThreadPoolExecutor(threads) as pool:
            parts = pool.map(lambda c: columns_of(estimates, repeats.take(c), net[c]), cuts)  # noqa: B023
            assert pa.concat_tables(parts).equals(whole)
        results.append(whole)
        assert columns_of(estimates, repeats.take(some), net[some]).equals(whole[some])
    assert results[0].equals(results[1])


def test_expected_value__of_sums_of_more_than_63_bits_is_that_of_the_largest_or_none():
    sums = [1 << 63, (1 << 63) - 1, -(1 << 63) - 1, 0]
    days = [np.full(4, day, np.int32) for day in (0, 9, 2)]
    high, low = ([each >> 32 for each in sums], [each & 0xFFFFFFFF for each in sums])
    repeats = Repeats(*days, np.array(high), np.array(low))
    model = BgForecast((1, 1, 1, 1), modified=False, threads=1)
    found = columns_of(estimates_of(repeats, model), repeats, np.zeros(4, np.int64))
    largest, also_largest, refunded, nothing = found["expected_value"].to_pylist()
    assert largest == also_largest == pytest.approx(6.25 * 2**63 / (6.25 + 2.74) / 100, rel=1e-12)
    assert refunded == nothing == pytest.approx(6.25 * 1544 / (6.25 + 2.74) / 100, rel=1e-12)


def test_fields__name_the_horizon_and_hold_the_scale():
    repeats, _ = repeats_of([(0, 0.5, 0.5, 1, 1)])
    model = BgForecast((1, 1, 1, 1), modified=False, threads=1)
    fields = estimates_of(repeats, model, terms=TERMS._replace(horizon_days=7), scale=4).fields
    floats = ["p_alive", "p_order_7d", "expected_orders_7d", "expected_value", "clv", "simple_clv"]
    assert [field.name for field in fields] == [*floats, "historic_clv"]
    assert {field.type for field in fields[:-1]} == {pa.float64()}
    assert fields[-1].type == pa.decimal128(18, 4)


def test_values__are_one_mean_without_a_model():
    repeats, net = repeats_of([(0, 0.5, 0.5, 7, 100), (9, 0.0, 0.0, 0, -300)])
    model = BgForecast((1, 1, 1, 1), modified=False, threads=1)
    found = columns_of(estimates_of(repeats, model, MeanValue.of(1000, 8)), repeats, net)
    assert found["expected_value"].to_pylist() == [1.25, 1.25]
    assert found["simple_clv"][1].as_py() == 0
    assert found["historic_clv"][1].as_py() == Decimal("-0.75")
    assert MeanValue.of(-5, 8).mean == MeanValue.of(0, 0).mean == 0


def test_columns__of_no_customers_are_empty():
    nothing = [np.zeros(0, np.int32)] * 3 + [np.zeros(0, np.int64)] * 2
    model = BgForecast((1, 1, 1, 1), modified=False, threads=2)
    estimates = estimates_of(Repeats(*nothing), model)
    assert columns_of(estimates, Repeats(*nothing), np.zeros(0, np.int64)).num_rows == 0
