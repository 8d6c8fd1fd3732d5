"""Test predictions of BG/NBD and MBG/NBD: known customers, the published formula, laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.bg_forecast import BgForecast
from tests.clv.expected_orders import published_orders, simulated_orders
from tests.clv.summary import MILLIWEEKS, published_summary

BG, MBG = (0.2426, 4.4136, 0.7929, 2.4259), (0.5248, 6.1831, 0.8914, 1.6140)
NAMED = [  # id: p_alive and orders in 39 weeks of BG, of MBG
    (1, (0.726614, 1.225923), (0.706118, 1.262627)),
    (2, (0.212234, 0.203259), (0.170825, 0.188789)),
    (3, (1, 0.194787), (0.389725, 0.153945)),
    (18, (0.310924, 0.297774), (0.255833, 0.282737)),
    (157, (0.969133, 20.053568), (0.965842, 18.949723)),
    (1516, (0.968919, 20.750458), (0.965551, 19.447654)),
]
IN_DAYS = [  # parameters, modified, (x, T, days), orders if alive, by mpmath
    ((0.2425945, 30.895, 0.792922, 2.4259068), False, (0, 0, 365), 1.44656612684156),
    ((0.2425945, 30.895, 0.792922, 2.4259068), False, (2, 272, 273), 1.68725697082143),
    ((0.25, 4, 1, 2.5), False, (3, 100, 90), 2.23688552097639),
    ((0.25, 4, 1.0000001, 2.5), False, (3, 100, 90), 2.23688547869913),
    ((0.5, 3, 0.1, 0.3), False, (0, 0, 365), 31.3039090212198),
    ((1, 10, 20, 300), False, (0, 0, 365), 11.3766562307167),
    ((0.3, 30, 50, 5000), False, (26, 217, 365), 32.1141977834732),
    ((0.1, 0.5, 0.4, 0.8), True, (0, 0, 3650), 54.850597425915),
    ((0.25, 4, 0.8, 2.5), True, (1000, 1095, 365), 295.323430023187),
    # Parameters at the limits of the fit.
    ((1e-5, 1e-3, 1e-5, 1e-5), False, (0, 0, 3650), 18.247500617582298),
    ((1e4, 1e-3, 1e-5, 1e4), True, (0, 0, 3650), 36494850126.782616),
    ((1e4, 1e-3, 1e4, 1e4), False, (0, 0, 3650), 2.0001000100010001),
    ((1e4, 1e-3, 1e-5, 1e-5), True, (36_524, 36_525, 3650), 4649.2126375622025),
    ((1, 1e-3, 0.5, 1e-5), False, (0, 0, 1), 0.99997347824879178),
    ((0.3, 1e-3, 1e4, 1e4), False, (10, 10, 3650), 2.0011001100110011),
    ((5, 1e-3, 0.01, 3), True, (500, 500, 3650), 3634.9710390539244),
    ((1e-5, 1e8, 1e4, 1e-5), False, (0, 0, 1), 9.9999999499995012e-14),
]
CDNOW_DAYS = {  # fits of the sample, with times in days; p_order in 90 days of the customers below
    False: (0.2425945224, 7 * 4.413602019, 0.7929220172, 2.425906777),
    True: (0.5248431591, 7 * 6.183085280, 0.8913593907, 1.614002240),
}
CUSTOMERS = [(2, 213, 272), (1, 12, 272), (0, 0, 272), (26, 216, 217)]
P_ORDER = {
    False: (0.3211776, 0.0586668, 0.0611621, 0.9685685),
    True: (0.3315669, 0.0543842, 0.0481232, 0.9651184),
}

logs = st.floats(-11.5, 9.2).map(math.exp)
alphas = st.floats(-6.9, 18.4).map(math.exp)
shapes = st.tuples(logs, alphas, logs, logs)
histories = st.tuples(st.integers(0, 36_525), st.floats(0, 1), st.floats(0, 1)).map(
    lambda h: (int(h[0] * h[1] ** 4), int(h[0] * h[2]) if h[1] else 0, h[0])
)
horizons = st.integers(1, 3650)


def days(*values):
    return np.array(values, np.int64)


def columns(rows):
    return [days(*column) for column in zip(*rows, strict=True)]


def forecast(parameters, modified, threads=1):
    return BgForecast(parameters, modified=modified, threads=threads)


def in_weeks(parameters, modified):
    r, alpha, *rest = parameters
    return forecast((r, MILLIWEEKS * alpha, *rest), modified)


@pytest.mark.parametrize("modified", [False, True])
def test_named_customers__have_the_published_chances_and_orders(modified):
    model = in_weeks(MBG if modified else BG, modified)
    for number, *known in NAMED:
        x, t_x, T = (column[number - 1 : number] for column in published_summary()[:3])  # noqa: N806
        alive = model.p_alive(x, t_x, T)
        assert alive[0] == pytest.approx(known[modified][0], abs=6e-7)
        orders = alive * model.orders(x, T, 39 * MILLIWEEKS)
        assert orders[0] == pytest.approx(known[modified][1], abs=6e-7)


@pytest.mark.parametrize(("modified", "total"), [(False, 1653.441726), (True, 1576.7)])
def test_sample__has_the_known_total_of_orders(modified, total):
    x, t_x, T, _ = published_summary()  # noqa: N806
    model = in_weeks(MBG if modified else BG, modified)
    orders = model.p_alive(x, t_x, T) * model.orders(x, T, 39 * MILLIWEEKS)
    assert math.fsum(orders) == pytest.approx(total, abs=0.05 if modified else 6e-7)


def test_new_customers__have_the_published_orders():
    week = 10_000
    model = forecast((0.243, week * 4.414, 0.793, 2.426), modified=False)
    found = model.new_orders(days(*(round(week * t) for t in (0.1429, 1, 3, 31.8571, 32, 78))))
    known = [0.007828, 0.053268, 0.150865, 1.041996, 1.045243, 1.860519]
    assert found.tolist() == pytest.approx(known, abs=6e-7)
    assert 1 - model.p_order(days(0), days(0), 39 * week)[0] == pytest.approx(0.573786, abs=6e-7)


@pytest.mark.parametrize("modified", [False, True])
def test_p_order__of_known_customers(modified):
    x, t_x, T = columns(CUSTOMERS)  # noqa: N806
    model = forecast(CDNOW_DAYS[modified], modified)
    found = model.p_alive(x, t_x, T) * model.p_order(x, T, 90)
    assert found.tolist() == pytest.approx(P_ORDER[modified], abs=6e-8)


@pytest.mark.parametrize(("parameters", "modified", "customer", "expected"), IN_DAYS)
def test_orders__of_known_parameters(parameters, modified, customer, expected):
    x, T, h = customer  # noqa: N806
    found = forecast(parameters, modified).orders(days(x), days(T), h)
    assert found[0] == pytest.approx(expected, rel=1e-13)


@given(st.tuples(*[st.floats(-5, 5).map(math.exp)] * 4), histories, horizons, st.booleans())
def test_orders__equal_the_published_formula(parameters, history, h, modified):
    x, T = min(history[0], 200), max(history[2], h // 30, 1)  # noqa: N806
    found = forecast(parameters, modified).orders(days(x), days(T), h)
    expected = published_orders(parameters, x, T, h, modified)
    assert found[0] == pytest.approx(expected, rel=1e-12)


@given(shapes, histories, horizons, st.booleans())
def test_orders__are_at_least_the_chance_and_at_most_those_without_dropout(
    parameters, history, h, modified
):
    x, _, T = columns([history])  # noqa: N806
    model = forecast(parameters, modified)
    orders, p_order = model.orders(x, T, h)[0], model.p_order(x, T, h)[0]
    most = (parameters[0] + x[0]) * h / (parameters[1] + T[0])
    assert 0 < p_order <= 1
    assert p_order <= orders <= most * (1 + 1e-12)
    assert orders <= model.orders(x, T, h + 1)[0] * (1 + 1e-12)


@given(shapes, histories, histories, st.booleans())
def test_p_alive__rises_with_the_last_order_and_falls_with_the_time_since(
    parameters, one, other, modified
):
    x, _, T = one  # noqa: N806
    early, late = (0, 0) if x == 0 else sorted((min(one[1], T), min(other[1], T)))
    rows = [(x, early, T), (x, late, T), (x, late, T + 100)]
    found = forecast(parameters, modified).p_alive(*columns(rows))
    assert 0 <= found[0] <= found[1] <= 1
    assert 0 <= found[2] <= found[1]


@given(st.lists(histories, min_size=1, max_size=5), shapes, horizons, st.booleans())
def test_forecasts__do_not_depend_on_the_unit_of_time(rows, parameters, h, modified):
    r, alpha, *rest = parameters
    x, t_x, T = columns(rows)  # noqa: N806
    by_day, by_hour = forecast(parameters, modified), forecast((r, 24 * alpha, *rest), modified)
    assert by_hour.p_alive(x, 24 * t_x, 24 * T) == pytest.approx(
        by_day.p_alive(x, t_x, T), rel=1e-9
    )
    assert by_hour.orders(x, 24 * T, 24 * h) == pytest.approx(by_day.orders(x, T, h), rel=1e-9)


@pytest.mark.parametrize("modified", [False, True])
def test_orders__are_continuous_where_the_mean_of_the_published_form_is_not_defined(modified):
    x, T = days(0, 3, 40), days(0, 100, 300)  # noqa: N806
    for a, b in ((1, 2.5), (0.4, 0.6)):  # a = 1, and a + b = 1
        near = [forecast((0.25, 4, a + d, b), modified).orders(x, T, 90) for d in (-1e-9, 0, 1e-9)]
        assert near[0] == pytest.approx(near[1], rel=1e-8)
        assert near[0] + near[2] == pytest.approx(2 * near[1], rel=1e-14)


@pytest.mark.parametrize("modified", [False, True])
def test_new_orders__are_the_mean_of_simulated_customers(modified):
    parameters = (0.8, 40.0, 0.9, 1.6)
    counts = simulated_orders(parameters, 200, 10_000, modified=modified)
    mean = sum(counts) / len(counts)
    variance = sum((each - mean) ** 2 for each in counts) / len(counts)
    found = forecast(parameters, modified).new_orders(days(200))[0]
    assert abs(found - mean) < 3 * math.sqrt(variance / len(counts))


def test_forecasts__have_the_same_bits_for_any_threads_and_neighbours():
    n = 3000
    x, T = np.arange(n) % 50, np.arange(n) % 1000  # noqa: N806
    one, three = (forecast((0.3, 20, 0.8, 2.5), False, threads) for threads in (1, 3))
    some = slice(1000, 1010)
    for name in ("orders", "p_order"):
        found = getattr(one, name)(x, T, 365)
        assert found.tobytes() == getattr(three, name)(x, T, 365).tobytes()
        assert found[some].tobytes() == getattr(three, name)(x[some], T[some], 365).tobytes()
