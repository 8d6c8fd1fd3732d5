"""Tables of movement that read orders equal a reference in plain Python, and refuse what hides."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfm_engine.errors import UsageError
from rfm_engine.movement import Comparison
from rfm_engine.movement.order_tables import period_start
from tests.movement import reference_orders as reference
from tests.movement.conftest import scored
from tests.movement.reference_orders import Touch
from tests.movement.test_tiers import IDS, orders_of, orders_table

FEWER = settings(max_examples=settings.default.max_examples // 10)
KINDS = {"A": "impression", "I": "click", "L": "share"}
DATES = st.tuples(*[st.integers(20, 273)] * 2).filter(lambda days: days[0] < days[1])


def compared(folder, orders, kind, days, *, by, **options):
    table = orders_table(orders, kind, by=by)
    more = {"by": "seller"} if by else {}
    snapshots = [scored(table, folder, str(day), facts=False, **more) for day in days]
    return Comparison(*snapshots, rows=table, threads=1, **options)


def by_group(table, name):
    """Return the rows of each group without the group."""
    found = defaultdict(list)
    for row in table.to_pylist():
        found[row.pop(name, None)].append(row)
    return found


@pytest.mark.parametrize(
    ("ids", "by"), [("int", True), ("uint", False), ("text", True), ("binary", True)]
)
@FEWER
@given(st.data())
def test_tables__equal_the_reference(tmp_path_factory, ids, by, data):
    kind, known = IDS[ids]
    orders = orders_of(known, data.draw(st.integers(0, 999)))
    start = min(order.day for order in orders)
    if not by:
        orders = [order._replace(group=None) for order in orders]
    first, last = (start + timedelta(n) for n in data.draw(DATES))
    span = data.draw(st.sampled_from([None, "1d", "30d", "2mo"]))
    found = compared(
        tmp_path_factory.mktemp("compared"), orders, kind, (first, last), by=by, span=span
    )
    orders = [order for order in orders if order.day <= last]
    groups = defaultdict(list)
    for order in orders:
        groups[order.group].append(order)
    groups = {group: own for group, own in groups.items() if any(o.minor >= 0 for o in own)}
    begin = found.table("lifecycle").about["after"]
    assert begin == period_start(first, last, span)

    second = by_group(found.second_order(), "seller")
    states = by_group(found.lifecycle(), "seller")
    periods = by_group(found.period(), "seller")
    segments = dict(zip(
        zip(
            found.before.customers["seller" if by else "customer_id"].to_pylist(),
            found.before.customers["customer_id"].to_pylist(), strict=True,
        ),
        found.before.customers["segment"].to_pylist(), strict=True,
    ))  # fmt: skip
    segments = {(group if by else None, who): name for (group, who), name in segments.items()}
    assert {*second} == {*states} == {*periods} == {*groups}
    for group, own in groups.items():
        rows = [tuple(row.values()) for row in second[group]]
        assert rows == reference.second_orders(own, last)
        counts = [row["customers"] for row in states[group]]
        assert counts == reference.lifecycle(own, begin, first)
        active = sum(days[-1] > first for days in reference.bought(own).values())
        assert sum(counts[:3]) == active
        assert sum(counts) == len(reference.bought(own))
        mine = {who: name for who, name in segments.items() if who[0] == group}
        expected = reference.period(own, mine, begin, first)
        for row in periods[group]:
            check_period(row, expected[row["segment"]])


def check_period(row, expected):
    names = [f"{name}_{when}" for name in ("buyers", "orders") for when in ("before", "after")]
    minor = [int(row[f"spend_{when}"].scaleb(2)) for when in ("before", "after")]
    assert [row["customers"], *(row[name] for name in names), *minor] == expected
    for name, (before, after) in {"orders": expected[3:5], "spend": expected[5:]}.items():
        change = int(row["spend_change"].scaleb(2)) if name == "spend" else row["orders_change"]
        assert change == after - before
        assert row[f"{name}_ratio"] == (after / before if before else None)


@pytest.mark.parametrize("ids", IDS)
@FEWER
@given(st.data())
def test_aipl__equals_the_reference(tmp_path_factory, ids, data):
    kind, known = IDS[ids]
    seed = data.draw(st.integers(0, 999))
    random = Random(seed)
    orders = [order._replace(group=None) for order in orders_of(known[:-4], seed)]
    start = min(order.day for order in orders)
    dates = tuple(start + timedelta(n) for n in data.draw(DATES))
    spans = data.draw(st.tuples(st.integers(0, 60), st.integers(0, 90)))
    touches = [
        Touch(
            random.choice(known[:-2]), start + timedelta(random.randrange(300)),
            random.choice("AIL"),
        )
        for _ in range(random.randrange(40))
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("compared")
    pq.write_table(pa.table({
        "customer_id": pa.array([touch.customer for touch in touches], kind),
        "time": pa.array([touch.day for touch in touches], pa.date32()),
        "kind": pa.array([KINDS[touch.stage] for touch in touches], pa.string()),
    }), folder / "touches.parquet")  # fmt: skip
    pq.write_table(pa.table({"customer_id": pa.array(known[3:], kind)}), folder / "list.parquet")
    found = compared(
        folder, orders, kind, dates, by=False, touches=folder / "touches.parquet",
        customer_list=folder / "list.parquet", order_days=spans[0], touch_days=spans[1],
    )  # fmt: skip
    orders = [order for order in orders if order.day <= dates[1]]
    flows = reference.aipl(orders, touches, known[3:], dates, spans)
    rows = found.aipl().to_pylist()
    assert [row["stage"] for row in rows] == list(reference.STAGES)
    assert [[row[f"to_{name}"] for name in ("none", "a", "i", "p", "l")] for row in rows] == flows
    for place, row in enumerate(rows):
        assert row["before"] == sum(flows[place])
        assert row["after"] == sum(own[place] for own in flows)
        assert row["kept"] == flows[place][place]
        parts = row["kept"] + row["advanced"] + row["fell"] + row["churned"]
        assert parts == row["before"]
        assert row["advanced"] == sum(flows[place][place + 1 :])
        assert row["churned"] == (flows[place][0] if place else 0)
        assert row["entered"] == (flows[0][place] if place else 0)


@pytest.fixture
def orders():
    return [order._replace(group=None) for order in orders_of(IDS["int"][1], 2)]


def test_aipl__without_contacts_says_which_stages_there_are(orders, tmp_path):
    found = compared(tmp_path, orders, pa.int64(), ("2024-01-31", "2024-03-31"), by=False)
    assert [each.code for each in found.table("aipl").warnings] == ["no_touches"]
    rows = {row["stage"]: row for row in found.aipl().to_pylist()}
    assert {name for name, row in rows.items() if row["before"] or row["after"]} <= {
        "none",
        "P",
        "L",
    }


def test_tables__of_one_date_have_no_second_period(orders, tmp_path):
    found = compared(tmp_path, orders, pa.int64(), ("2024-01-31", "2024-01-31"), by=False)
    counts = {row["state"]: row["customers"] for row in found.lifecycle().to_pylist()}
    assert counts == {
        "new": 0, "retained": 0, "returned": 0, "lost": 0, "inactive": found.after.n_customers,
    }  # fmt: skip
    flows = found.aipl().to_pylist()
    assert all(row["kept"] == row["before"] == row["after"] for row in flows)


@pytest.mark.parametrize(
    ("days", "n"), [(("2022-01-31", "2022-06-30"), 0), (("2022-01-31", "2024-03-31"), 25)]
)
def test_tables__of_snapshots_without_customers(orders, tmp_path, days, n):
    found = compared(tmp_path, orders, pa.int64(), days, by=False)
    assert found.after.n_customers == n
    assert sum(row["events"] for row in found.second_order().to_pylist()) <= n
    assert [row["customers"] for row in found.lifecycle().to_pylist()] == [n, 0, 0, 0, 0]
    first, *others = found.aipl().to_pylist()
    assert (first["before"], sum(row["before"] for row in others)) == (n, 0)
    assert {row["customers"] for row in found.period().to_pylist()} == {0}


@pytest.mark.parametrize(
    ("before", "after", "span", "start"),
    [
        (date(1997, 12, 31), date(1998, 6, 30), None, date(1997, 6, 30)),
        (date(2023, 2, 28), date(2023, 3, 31), None, date(2023, 1, 31)),
        (date(2023, 2, 27), date(2023, 3, 31), None, date(2023, 1, 26)),
        (date(2023, 2, 28), date(2023, 3, 31), "28d", date(2023, 1, 31)),
        (date(2023, 3, 31), date(2023, 4, 30), "1mo", date(2023, 2, 28)),
        (date(2023, 3, 30), date(2023, 4, 30), "1mo", date(2023, 2, 28)),
        (date(2023, 3, 31), date(2023, 3, 31), None, date(2023, 3, 31)),
    ],
)
def test_period_start__is_one_period_before(before, after, span, start):
    assert period_start(before, after, span) == start


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        (
            "second-order",
            {},
            "second-order must have all orders of the customers, because it is ab",
        ),
        (
            "lifecycle",
            {},
            "it is about their first order; got snapshots with window 3mo. Score wit",
        ),
        ("period", {"span": "3 months"}, "span must be days or months such as 181d or 6mo; got '3"),
        ("period", {"span": 3}, "span must be days or months such as 181d or 6mo; got 3."),
        (
            "aipl",
            {"order_days": -1},
            "order_days must be a whole number from 0 to 100,000; got -1.",
        ),
        ("aipl", {"touch_days": "9"}, "must be a whole number from 0 to 100,000; got '9'."),
        ("aipl", {"touch_days": 100_001}, "touch_days must be a whole number from 0 to 100,000"),
    ],
)
def test_tables__refuse(orders, tmp_path, name, options, said):
    table = orders_table(orders, pa.int64(), by=False)
    days = "2024-01-31", "2024-03-31"
    snapshots = [scored(table, tmp_path, day, window="3mo") for day in days]
    with pytest.raises(UsageError) as raised:
        Comparison(*snapshots, rows=table, **options).table(name)
    assert said in str(raised.value)


@pytest.mark.parametrize("window", ["1mo", "4mo"])
def test_tables__read_rows_before_the_window(orders, tmp_path, window):
    table = orders_table(orders, pa.int64(), by=False)
    days = "2024-01-31", "2024-03-31"
    recent = Comparison(*(scored(table, tmp_path, day, window=window) for day in days), rows=table)
    (tmp_path / "all").mkdir()
    whole = Comparison(*(scored(table, tmp_path / "all", day) for day in days), rows=table)
    assert recent.aipl().equals(whole.aipl())
    known = {*recent.before.customers["customer_id"].to_pylist()}
    own = [order for order in orders if order.customer in known and order.day <= date(2024, 3, 31)]
    segments = {(None, who): "any" for who in known}
    begin = recent.table("period").about["after"]
    assert begin == date(2023, 11, 30)
    expected = reference.period(own, segments, begin, date(2024, 1, 31))["any"]
    period = recent.period()
    names = ("customers", "buyers_before", "buyers_after", "orders_before", "orders_after")
    assert [sum(period[name].to_pylist()) for name in names] == expected[:5]
    spent = [sum(period[f"spend_{when}"].to_pylist()) for when in ("before", "after")]
    assert [int(each.scaleb(2)) for each in spent] == expected[5:]
