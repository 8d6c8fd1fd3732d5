"""Membership tiers equal a reference in plain Python, for random orders and rules."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.movement.tier_dates import Step, before_window, chain_of, month_end
from rfm_engine.movement.tier_files import Tier, TierProgram
from rfm_engine.movement.tiers import tiers_at
from rfm_engine.orders.reading import window_start
from rfm_engine.query.session import Machine
from tests.conftest import DEEP
from tests.movement.reference_tiers import Order, Rule, month_of, next_member, rolling_of

ONE = Machine(1, None, None)
MONTHS = [month_end(date(2023, 10, 1) + timedelta(31 * n)) for n in range(9)]
IDS = {
    "int": (pa.int64(), [0, -1, *range(7, 30)]),
    "uint": (pa.uint64(), [0, 2**63, 2**64 - 1, *range(7, 30)]),
    "text": (pa.string(), ["", "a", "a\0", "é", *map(str, range(20))]),
    "binary": (pa.binary(), [b"", b"\xff", b"\0", *(bytes([n, 0]) for n in range(20))]),
}
FEWER = settings(max_examples=settings.default.max_examples // 10)


def program_of(rules, window="3mo", measure="monetary", scale=2):
    tiers = tuple(
        Tier(f"tier {n}", Decimal(rule.threshold).scaleb(-scale), *rule[1:])
        for n, rule in enumerate(rules)
    )
    return TierProgram("plus", "", window, measure, tiers)


def orders_table(orders, kind, *, by):
    columns = {
        "customer_id": pa.array([order.customer for order in orders], kind),
        "order_time": pa.array([order.day for order in orders], pa.date32()),
        "amount": pa.array(
            [Decimal(order.minor).scaleb(-2) for order in orders], pa.decimal128(9, 2)
        ),
    }
    if by:
        columns["seller"] = pa.array([order.group for order in orders], pa.string())
    return pa.table(columns)


def chain(folder, orders, steps, program, **options):
    """Score the orders at each date, and return the tables of tiers."""
    snapshots, tables = {}, []
    for step in steps:
        path = folder / f"{step.as_of}.parquet"
        rfm.score(orders, as_of=step.as_of, sort="customer", output=path, **options)
        snapshots[step.as_of] = rfm.read_snapshot(path)
        members = tables[-1] if tables else None
        tables.append(tiers_at(program, step, snapshots.__getitem__, members, ONE))
    return tables


@st.composite
def rules(draw, most):
    """Return two tiers or more, whose thresholds are at most `most` apart."""
    steps = draw(st.lists(st.integers(1, most), min_size=1, max_size=4))
    thresholds = [sum(steps[:n]) for n in range(len(steps) + 1)]
    memory = st.tuples(st.integers(1, 4), st.integers(0, 3), st.booleans())
    return [Rule(each, *draw(memory)) for each in thresholds]


def orders_of(ids, seed):
    """Return several orders of each customer; one example has states of many customers."""
    random = Random(seed)
    first = MONTHS[0] - timedelta(random.randrange(31))
    return [
        Order(
            random.choice(ids), random.choice(["x", "y", None]),
            min(first + timedelta(random.randrange(272)), MONTHS[-1]), random.randrange(-100, 300),
        )
        for _ in range(12 * len(ids))
    ]  # fmt: skip


def rows_of(table, *, by):
    """Return the rows by customer and group, as the reference has them."""
    scale = table.schema.field("rolling").type.scale
    found = {}
    for row in table.to_pylist():
        ids = [row.pop(name) for name in table.column_names[: 2 if by else 1]]
        tier, qualified, until, in_grace, *money = row.values()
        minor = [None if each is None else int(each.scaleb(scale)) for each in money]
        assert until == month_end(until)
        places = int(tier.split()[1]), int(qualified.split()[1])
        found[tuple(ids)] = (*places, month_of(until), in_grace, *minor)
    return found


# Kind of ids; whether all orders count, orders are counted, and there are groups. Not drawn,
# because few examples would leave some out.
CASES = [
    ("int", True, False, True),
    ("uint", False, True, True),
    ("text", True, True, False),
    ("binary", False, False, True),
]
CASES = [*product(IDS, *[(False, True)] * 3)] if DEEP else CASES


@pytest.mark.parametrize(("ids", "is_lifetime", "by_count", "by"), CASES)
@FEWER
@given(st.data())
def test_tiers_at__equal_the_reference(tmp_path_factory, ids, is_lifetime, by_count, by, data):
    kind, known = IDS[ids]
    orders = orders_of(known, data.draw(st.integers(0, 999)))
    levels = data.draw(rules(3 if by_count else 200))
    n_months = data.draw(st.integers(1, 4))
    scale = 0 if by_count else 2
    measure = "frequency" if by_count else "monetary"
    program = program_of(levels, f"{n_months}mo", measure, scale)
    first_row = min(order.day for order in orders)
    dates = MONTHS[month_of(first_row) - month_of(MONTHS[0]) :]
    options = {"by": "seller"} if by else {}
    if not is_lifetime:
        options["window"] = program.window
    steps = chain_of(program, dates, options.get("window"), first_row)
    assert [step.as_of for step in steps] == dates
    table = orders_table(orders, kind, by=by)
    tables = chain(tmp_path_factory.mktemp("chain"), table, steps, program, **options)

    own = defaultdict(list)
    for order in orders:
        own[(order.customer, order.group) if by else (order.customer,)].append(order)
    members = {}
    for day, got in zip(dates, tables, strict=True):
        first = window_start(day, program.window)
        if is_lifetime:
            months = month_of(day) - n_months + 1
            first = date(months // 12, months % 12 + 1, 1)
        for who, held in own.items():
            rolling = rolling_of(held, first, day, by_count=by_count, is_lifetime=is_lifetime)
            if rolling is not None or who in members:
                member = members.get(who)
                members[who] = next_member(levels, month_of(day), rolling or 0, member)
        assert rows_of(got, by=by) == members
        sources = [
            str(each) if isinstance(each, str) else each for each in got.column(0).to_pylist()
        ]
        assert sources == sorted(sources)


def test_tiers_at__refuses_thresholds_with_more_decimals_than_amounts(tmp_path):
    orders = orders_table([Order(1, None, date(2024, 1, 1), 100)], pa.int64(), by=False)
    program = program_of([Rule(0, 1, 0, False), Rule(5, 1, 0, False)], scale=3)
    with pytest.raises(UsageError) as raised:
        chain(tmp_path, orders, [Step(date(2024, 1, 31), None)], program)
    assert str(raised.value) == (
        "threshold of tier 'tier 1' must have at most as many decimals as the amounts, 2; got "
        "0.005. Round it."
    )


def orders_with(scale, *minor):
    amount = pa.array([Decimal(each).scaleb(-scale) for each in minor], pa.decimal128(18, scale))
    days = pa.array([date(2024, 1, 1)] * len(minor))
    return pa.table({"customer_id": [1] * len(minor), "order_time": days, "amount": amount})


@pytest.mark.parametrize(
    ("scale", "most"),
    [
        (4, "99999999999999.9999"),
        (6, "999999999999.999999"),
        (12, "999999.999999999999"),
        (18, "0.999999999999999999"),
    ],
)
@pytest.mark.parametrize("minor", [-(10**18) + 2, 10**18 - 1])
def test_tiers_at__takes_thresholds_as_large_as_amounts_can_be(tmp_path, scale, most, minor):
    def table_of(threshold):
        tiers = Tier("low", Decimal(0), 1, 0, False), Tier("high", threshold, 1, 0, False)
        program = TierProgram("plus", "", "3mo", "monetary", tiers)
        steps = [Step(date(2024, 1, 31), None)]
        return chain(tmp_path, orders_with(scale, 1, minor - 1), steps, program)[0]

    [row] = table_of(Decimal(most)).to_pylist()
    to_next = None if minor > 0 else Decimal(10**18 - 1 - minor).scaleb(-scale)
    assert row["tier"] == ("high" if minor > 0 else "low")
    assert row["spend_to_next"] == to_next
    for more in (Decimal(999999999999999), Decimal("1e14") + 1):
        with pytest.raises(UsageError) as raised:
            table_of(more)
        assert str(raised.value) == (
            f"threshold of tier 'high' must be at most {most}, because amounts have {scale} of at "
            f"most 18 digits after the decimal point; got {more:f}. Lower it, or remove the tier."
        )


def test_tiers_at__refuses_amounts_of_other_decimals(tmp_path):
    day = date(2024, 1, 31)
    for folder, scale in (("one", 2), ("two", 3)):
        (tmp_path / folder).mkdir()
        orders = orders_with(scale, 100)
        rfm.score(orders, as_of=day, output=tmp_path / folder / "customers.parquet")
    one, two = (rfm.read_snapshot(tmp_path / f / "customers.parquet") for f in ("one", "two"))
    step = Step(day, before_window(day, "3mo"))
    held = {step.as_of: one, step.before: two}
    with pytest.raises(UsageError, match="same number of decimals for tiers 'plus'; got 3 on 2023"):
        tiers_at(program_of([Rule(0, 1, 0, False)]), step, held.__getitem__, None, ONE)


def test_tiers_at__refuses_customers_named_like_a_column_of_tiers(tmp_path):
    orders = orders_table([Order(1, None, date(2024, 1, 1), 100)], pa.int64(), by=False)
    orders = orders.rename_columns(["tier", "order_time", "amount"])
    step, program = Step(date(2024, 1, 31), None), program_of([Rule(0, 1, 0, False)])
    with pytest.raises(UsageError, match="customer column must not have the name of a column of"):
        chain(tmp_path, orders, [step], program, customer="tier")


def test_tiers_at__names_groups_named_like_a_column_of_tiers(tmp_path):
    orders = orders_table([Order(1, "x", date(2024, 1, 1), 100)], pa.int64(), by=True)
    orders = orders.rename_columns(["customer_id", "order_time", "amount", "tier"])
    step, program = Step(date(2024, 1, 31), None), program_of([Rule(0, 1, 0, False)])
    [table] = chain(tmp_path, orders, [step], program, by="tier")
    assert table.column_names[:3] == ["customer_id", "by_tier", "tier"]
