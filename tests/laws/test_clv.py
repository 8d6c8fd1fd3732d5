"""Test x, t_x, T and zbar: golden results, their definitions on any orders, all variants."""

from __future__ import annotations

import csv
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import reference, strategies
from tests.conftest import file_of
from tests.laws.test_totals_laws import cases, totals_over
from tests.shapes import AS_OF, NEW_YEAR_2024_US, cents, keys_of, orders_table, random_orders
from tests.variants import VARIANTS, variant

CLV = ("x", "t_x", "T", "zbar")
PYMC_TOY = (
    "1 01-01 1; 1 02-06 2; 2 01-01 2; 3 01-01 3; 3 01-02 1; 3 01-05 5; 4 01-16 6; 4 02-02 3; "
    "4 02-05 3; 4 02-05 6; 5 01-16 3; 5 01-17 1; 5 01-18 8; 6 02-02 5"
)


def clv_of(table: pa.Table) -> dict:
    columns = [table[name].to_pylist() for name in CLV]
    return dict(zip(keys_of(table["customer_id"]), zip(*columns, strict=True), strict=True))


def twin(rows, scale, as_of, days=1, **options):
    """Return x, t_x, T and zbar by their definitions, from the readings of the naive twin."""
    zone, zoned = options.get("timezone", "UTC"), options.get("zoned", False)
    found = {}
    by_customer: dict = {}
    for index, row in enumerate(rows):
        reading = reference.read(index, row, zone, zoned, scale, None)
        if isinstance(reading, reference.Reading) and reading.day <= as_of:
            by_customer.setdefault(reading.customer, []).append(reading)
    for key, mine in by_customer.items():
        bought = sorted({reading.day for reading in mine if reading.minor >= 0})
        if not bought:
            continue
        x = len(bought) - 1
        later = sum(reading.minor for reading in mine if reading.day > bought[0])
        zbar = float(Fraction(later, x * 10**scale)) if x else 0.0
        age = (as_of - bought[0]).days
        found[key] = (x, (bought[-1] - bought[0]).days / days, age / days, zbar)
    return found


def test_clv__toy_frame_of_pymc_marketing():
    words = [order.split() for order in PYMC_TOY.split(";")]
    orders = pa.table(
        {
            "customer_id": [int(who) for who, _, _ in words],
            "order_time": pa.array([f"2015-{day}" for _, day, _ in words]).cast(pa.date32()),
            "amount": [float(paid) for _, _, paid in words],
        }
    )
    assert clv_of(rfm.score(orders, as_of="2015-02-07", clv=True).customers) == {
        1: (1, 36, 37, 2), 2: (0, 0, 37, 0), 3: (2, 4, 37, 3),
        4: (2, 20, 22, 6), 5: (2, 2, 22, 4.5), 6: (0, 0, 5, 0),
    }  # fmt: skip


def test_clv__published_summary_of_the_cdnow_sample():
    lines = file_of("lifetimes", "CDNOW_sample.txt").read_text().splitlines()
    words = [line.split() for line in lines]
    orders = pa.table(
        {
            "customer_id": [int(who) for _, who, _, _, _ in words],
            "order_time": pa.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for _, _, d, _, _ in words]).cast(
                pa.date32()
            ),
            "amount": pa.array([Decimal(paid) for *_, paid in words], pa.decimal128(18, 2)),
        }
    )
    found = clv_of(rfm.score(orders, as_of="1997-09-30", clv=True, clv_unit="W").customers)
    place = file_of("lifetimes", "cdnow_customers_summary_with_transactions.csv")
    published = [*csv.reader(place.read_text().splitlines())][1:]
    assert len(found) == len(published) == 2_357
    for who, *numbers in published:
        assert [rounded(number) for number in found[int(who)]] == [*map(rounded, numbers)]
    repeaters = [zbar for x, _, _, zbar in found.values() if x]
    assert len(repeaters) == 946
    assert round(sum(repeaters) / 946, 2) == 35.08


def rounded(number: float | str) -> Decimal:
    return Decimal(str(number)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@given(case=cases(), unit=st.sampled_from(["D", "W"]), way=st.sampled_from(sorted(VARIANTS)))
def test_clv__equals_its_definition_however_orders_are_cut(case, unit, way):
    orders, batches, options = case
    options |= {"refunds": "net", "zero": "count", "window": None}
    with variant(way):
        totals = totals_over(batches, options, clv=True, clv_unit=unit)
        found = clv_of(totals.finish())
    zone = {"timezone": orders.timezone, "zoned": orders.zoned}
    as_of = date.fromisoformat(str(options["as_of"]))
    days = {"D": 1, "W": 7}[unit]
    assert found == twin(orders.rows, orders.scale, as_of, days, **zone)


@given(case=cases(), place=st.integers(0, 9), way=st.sampled_from(sorted(VARIANTS)))
def test_clv__merged_totals_are_those_of_all_orders(case, place, way):
    _, batches, options = case
    with variant(way):
        parts = [
            totals_over(some, options, clv=True) for some in (batches[:place], batches[place:])
        ]
        parts[0].merge(parts[1])
        assert clv_of(parts[0].finish()) == clv_of(totals_over(batches, options, clv=True).finish())


@given(orders=strategies.orders(), data=st.data())
def test_clv__stands_beside_scores_and_groups(orders, data):
    table = orders.table.append_column("shop", data.draw(strategies.keys(len(orders.rows))))
    options = {"as_of": AS_OF, "timezone": orders.timezone, "clv": True}
    if "quantity" in table.column_names:
        options["quantity"] = "quantity"
    result = rfm.score(table, by="shop", **options).customers
    assert result.column_names[-4:] == list(CLV)
    shops = table["shop"].to_pylist()
    zone = {"timezone": orders.timezone, "zoned": orders.zoned}
    expected = {}
    for shop in dict.fromkeys(shops):
        own = [row for row, value in zip(orders.rows, shops, strict=True) if value == shop]
        twins = twin(own, orders.scale, date.fromisoformat(AS_OF), **zone)
        expected |= {(key, shop): found for key, found in twins.items()}
    columns = [result[name].to_pylist() for name in CLV]
    who = zip(keys_of(result["customer_id"]), result["shop"].to_pylist(), strict=True)
    assert dict(zip(who, zip(*columns, strict=True), strict=True)) == expected


def test_clv__amounts_beyond_64_bits_on_the_way():
    day, top = 86_400_000_000, 10**18 - 1
    n = 30
    orders = orders_table(
        [1] * (2 * n + 1),
        [NEW_YEAR_2024_US, *[NEW_YEAR_2024_US + day] * n, *[NEW_YEAR_2024_US + 2] * n],
        [cents(0), *[cents(top)] * n, *[cents(-top)] * n],
    )
    [found] = clv_of(rfm.score(orders, as_of=AS_OF, clv=True).customers).values()
    assert found[0] == 1
    assert found[3] == float(Fraction(n * top, 100))


@given(
    scale=st.sampled_from((0, 2, 17, 18)),
    later=st.integers(-(10**18) + 1, 10**18 - 1),
    x=st.integers(1, 40),
)
def test_clv__means_are_the_nearest_floats(scale, later, x):
    day = 86_400_000_000
    amounts = [0, later, *[0] * (x - 1)]
    orders = orders_table(
        [1] * (x + 1),
        [NEW_YEAR_2024_US + i * day for i in range(x + 1)],
        pa.array(amounts, pa.int64()),
    )
    options = {"as_of": AS_OF, "amount_scale": scale, "refunds": "net"}
    [found] = clv_of(rfm.score(orders, clv=True, **options).customers).values()
    n = x if later >= 0 else x - 1
    assert found[0] == n
    assert found[3] == (float(Fraction(later, n * 10**scale)) if n else 0.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clv_unit": "W"}, "clv_unit must be used with clv"),
        ({"clv": True, "clv_unit": "M"}, "clv_unit must be one of D, W"),
    ],
)
def test_clv__what_is_refused(options, said):
    with pytest.raises(rfm.UsageError, match=said):
        rfm.score(random_orders(9, 8, 5), as_of=AS_OF, **options)


def test_clv__nobody():
    result = rfm.score(random_orders(9, 8, 5).slice(0, 0), as_of="newest", clv=True)
    assert result.customers.column_names[-4:] == list(CLV)
