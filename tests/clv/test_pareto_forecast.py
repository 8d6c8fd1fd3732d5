"""Test predictions of Pareto/NBD: published results, Simpson's rule, and laws."""

from __future__ import annotations

import csv
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.pareto_forecast import ParetoForecast
from tests import reference_pareto
from tests.clv.cdnow import triples_of
from tests.clv.test_pareto import histories, parameters
from tests.conftest import COMPILED, file_of

FITTED = (0.5532770469, 7 * 10.57768346, 0.6062399891, 7 * 11.66873529)
# The published parameters and times have four and two decimals of weeks; the unit is 0.01 weeks.
ROUNDED = (0.5533, 1057.77, 0.6062, 1166.87)
NAMED = [  # x, t_x, T; probability to be alive; orders in 39 weeks
    ((2, 3043, 3886), 0.869123, 1.455141),
    ((1, 171, 3886), 0.167882, 0.170995),
    ((0, 0, 3886), 0.295112, 0.107070),
    ((1, 486, 3886), 0.251264, 0.255922),
    ((29, 3771, 3800), 0.996125, 19.594868),
    ((26, 3086, 3100), 0.997918, 20.115999),
]
# By mpmath for whole days. For times in weeks with five decimals, as in an issue of CLVTools, they
# are 0.999596052318, 0.999558226123, 0.749487752319 and 0.994255079638.
NAN_IN_CLVTOOLS = [
    ((221, 724, 725), 0.999596061655477456),
    ((254, 680, 681), 0.999558199789712715),
    ((161, 663, 686), 0.749486413019889916),
    ((204, 690, 696), 0.994255039710337527),
]
horizons = st.sampled_from([1, 7, 90, 365, 3650])


def columns_of(customers):
    found = np.array([each[:3] for each in customers], np.int64).reshape(-1, 3)
    return tuple(np.ascontiguousarray(column) for column in found.T)


def alive(customers, point, threads=1, prepared=None):
    forecast = ParetoForecast(point, threads=threads)
    if prepared is not None:
        forecast.prepare(triples_of(prepared))
    return forecast.p_alive(*columns_of(customers))


def of_alive(kind, customers, point, days, threads=1):
    x, _, T = columns_of(customers)  # noqa: N806
    return getattr(ParetoForecast(point, threads=threads), kind)(x, T, days)


@pytest.mark.parametrize(("history", "chance", "orders"), NAMED)
def test_forecast__of_named_customers_of_cdnow(history, chance, orders):
    [found] = alive([history], ROUNDED)
    assert found == pytest.approx(chance, abs=6e-7)
    [given_alive] = of_alive("orders", [history], ROUNDED, 3900)
    assert found * given_alive == pytest.approx(orders, abs=6e-7)


def test_forecast__of_customer_1516_is_as_published():
    one = [(26, 3086, 3100)]
    [found] = alive(one, ROUNDED) * of_alive("orders", one, ROUNDED, 5200)
    assert found == pytest.approx(25.456757, abs=1e-6)


def test_forecast__sums_up_over_the_sample():
    place = file_of("lifetimes", "cdnow_customers_summary_with_transactions.csv")
    rows = [*csv.reader(place.read_text().splitlines())][1:]
    customers = [(int(x), *(round(100 * float(t)) for t in times)) for _, x, *times, _ in rows]
    found = alive(customers, ROUNDED, 2, customers) * of_alive("orders", customers, ROUNDED, 3900)
    assert math.fsum(found) == pytest.approx(1665.586085, abs=1e-6)


@pytest.mark.parametrize(("history", "expected"), NAN_IN_CLVTOOLS)
def test_p_alive__where_gauss_functions_overflow(history, expected):
    [found] = alive([history], (0.5143, 7 * 2.8845, 0.2856, 7 * 14.1087))
    assert found == pytest.approx(expected, rel=1e-13)


def test_p_order__of_known_customers():
    customers = [(2, 213, 272), (1, 12, 272), (0, 0, 272), (26, 216, 217)]
    found = alive(customers, FITTED) * of_alive("p_order", customers, FITTED, 90)
    assert found == pytest.approx([0.3644807, 0.0475498, 0.0331552, 0.9754872], abs=6e-8)


def test_new_orders__in_the_first_weeks_are_as_published():
    found = ParetoForecast(ROUNDED, threads=1).new_orders(np.arange(100, 1000, 100))
    expected = [
        0.05100849, 0.09963054, 0.14614093, 0.19076654, 0.23369714, 0.27509334, 0.31509239,
        0.35381270, 0.39135717,
    ]  # fmt: skip
    assert found == pytest.approx(expected, abs=6e-9)


@given(histories, parameters)
def test_p_alive__equals_that_by_simpsons_rule(history, point):
    [found] = alive([history], point)
    assert found == pytest.approx(reference_pareto.p_alive(*history, point), rel=1e-9, abs=1e-300)


@given(histories, parameters, st.sampled_from([1, 7, 90, 365]))
def test_orders__equal_those_by_simpsons_rule(history, point, days):
    x, _, end = history
    [orders] = of_alive("orders", [history], point, days)
    assert orders == pytest.approx(reference_pareto.orders(x, end, days, point), rel=1e-9)
    [chance] = of_alive("p_order", [history], point, days)
    assert chance == pytest.approx(reference_pareto.p_order(x, end, days, point), rel=1e-9)


@given(histories, parameters)
def test_p_alive__is_a_probability_that_rises_in_t_x_and_falls_in_T(history, point):  # noqa: N802
    x, _, end = history
    last = range(0, end + 1, 7)
    found = alive([(x, t_x, end) for t_x in last], point)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= -1e-13 * found[1:]).all()
    later = alive([(x, history[1], end + 10 * k) for k in range(40)], point)
    assert (np.diff(later) <= 1e-13 * later[:-1]).all()


@given(st.lists(histories, min_size=1, max_size=5), parameters, horizons)
def test_p_order__is_at_most_one_and_the_orders(customers, point, days):
    orders, chances = (of_alive(kind, customers, point, days) for kind in ("orders", "p_order"))
    assert ((chances >= 0) & (chances <= 1) & (chances <= orders * (1 + 1e-12))).all()
    longer = of_alive("orders", customers, point, days + 1)
    assert (longer >= orders * (1 - 1e-14)).all()


@pytest.mark.parametrize("s", [1 - 1e-9, 1.0, 1 + 1e-9, 1 + 1e-4, 0.5, 30.0])
@pytest.mark.parametrize("first", [1, 90, 3000])
def test_orders__are_additive(s, first):
    point = (0.5, 74.0, s, 82.0)
    T, second = 200, 100  # noqa: N806
    whole, early = (
        of_alive("orders", [(3, 0, T)], point, days)[0] for days in (first + second, first)
    )
    # Customers who are alive after the first days have the later orders of a customer with this T,
    # except that their rate is still that of T.
    [later] = of_alive("orders", [(3, 0, T + first)], point, second)
    later *= (point[1] + T + first) / (point[1] + T)
    stays = ((point[3] + T) / (point[3] + T + first)) ** s
    assert whole == pytest.approx(early + stays * later, rel=1e-12)


@given(st.lists(histories, min_size=1, max_size=8), parameters, st.integers(0, 8))
def test_p_alive__has_the_same_bits_with_any_other_customers(customers, point, cut):
    expected = [alive([each], point)[0] for each in customers]
    for prepared in (None, customers, 2 * customers, 3 * customers[:cut]):
        assert alive(customers, point, 2, prepared).tolist() == expected


def test_forecast__has_the_same_bits_with_any_threads_and_order():
    n = 70_000 if COMPILED else 300
    customers = [(x, x + k % 900, x + 900) for k in range(n) for x in [k % 37]]
    order = [*range(n)]
    random.Random(4).shuffle(order)
    mixed = [customers[k] for k in order]

    def found(customers, threads):
        chances = alive(customers, FITTED, threads, customers)
        kinds = [of_alive(kind, customers, FITTED, 90, threads) for kind in ("orders", "p_order")]
        return [chances, *kinds]

    expected = found(customers, 1)
    for threads in (2, 3):
        for one, other in zip(expected, found(mixed, threads), strict=True):
            assert one[order].tobytes() == other.tobytes()


@pytest.mark.parametrize("x", [0, 1, 9, 1000])
def test_p_order__has_the_same_bits_from_a_table_and_alone(x):
    [expected] = of_alive("p_order", [(x, 0, 5)], FITTED, 90)
    many = [(k, 0, t) for k in range(x + 1 if x < 10 else 3) for t in range(20)]
    found = of_alive("p_order", [*many, *many, (x, 0, 5)], FITTED, 90)
    assert found[-1] == expected


EXTREME = [
    (1e-5, 1e-3, 1e-5, 1e-3), (1e4, 1e8, 1e4, 1e8), (1e-5, 1e8, 1e4, 1e-3), (1e4, 1e-3, 1e-5, 1e8),
    (1e4, 1e8, 1e-5, 1e-3), (1e-5, 1e-3, 1e4, 1e8),
]  # fmt: skip


@pytest.mark.parametrize("point", EXTREME)
def test_forecast__is_finite_at_the_limits_of_the_parameters(point):
    customers = [(0, 0, 0), (0, 0, 4000), (1, 1, 1), (900, 950, 2000), (3, 2000, 2001)]
    chances = alive(customers, point)
    assert ((chances >= 0) & (chances <= 1)).all()
    orders, order = (of_alive(kind, customers, point, 3650) for kind in ("orders", "p_order"))
    assert (np.isfinite(orders) & (orders >= 0) & (order >= 0) & (order <= 1)).all()


def test_forecast__of_no_customers():
    assert len(alive([], FITTED, prepared=[])) == 0
    assert len(of_alive("orders", [], FITTED, 90)) == len(of_alive("p_order", [], FITTED, 90)) == 0
    assert len(ParetoForecast(FITTED, threads=1).new_orders(np.zeros(0, np.int64))) == 0
