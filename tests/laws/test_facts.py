"""Test that `facts` equals the naive twin, however customers are totalled, grouped and written."""

from __future__ import annotations

from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.segments.fact_columns import FACT_COLUMNS, FACT_FIELDS
from tests import reference, reference_facts, strategies
from tests.conftest import COMPILED
from tests.shapes import AS_OF, HARD, keys_of, orders_table, random_orders, rows_of

SHARES = {"20%": Fraction(1, 5), "0.5%": Fraction(1, 200), "100%": Fraction(1), "33.33%": None}


def share_of(text):
    return SHARES[text] or Fraction(3333, 10_000)


def found_facts(customers, column=None):
    keys = keys_of(customers.column(0))
    if column is not None:
        keys = list(zip(keys, keys_of(customers[column]), strict=True))
    columns = [customers[name].to_pylist() for name in FACT_COLUMNS]
    return dict(zip(keys, zip(*columns, strict=True), strict=True))


def wanted_facts(customers, whale_by="monetary", **options):
    by = None
    if whale_by == "orders":
        by = {key: customer.frequency for key, customer in customers.items()}
    return reference_facts.facts(customers, by=by, **options)


@given(
    orders=strategies.orders(),
    policies=strategies.policies(),
    as_of=st.one_of(st.just("newest"), strategies.as_of_dates()),
    share=st.sampled_from(sorted(SHARES)),
    whale_by=st.sampled_from(("monetary", "orders")),
)
def test_facts__equal_the_twin(orders, policies, as_of, share, whale_by):
    names = orders.table.column_names
    options = policies | {"as_of": as_of, "timezone": orders.timezone}
    twin = reference.score(
        rows_of(orders.table), **options, scale=orders.scale, zoned=orders.zoned,
        has_order="order_id" in names,
    )  # fmt: skip
    columns = {name: f"{name}_id" if name == "order" else name for name in ("order", "quantity")}
    given = {name: column for name, column in columns.items() if column in names}
    result = rfm.score(
        orders.table, facts=True, whales=share, whale_by=whale_by, **options, **given
    )  # fmt: skip
    expected = wanted_facts(
        twin.customers, whale_by, timezone=orders.timezone, whales=share_of(share)
    )  # fmt: skip
    assert found_facts(result.customers) == expected
    whales = [twin.customers[key] for key, fact in expected.items() if fact.is_whale]
    assert result.facts.whales == len(whales)
    assert result.facts.whales_minor == sum(each.monetary_minor for each in whales)
    assert result.facts.cycle_us == reference_facts.cycle_us(twin.customers)
    assert result.facts.has_cycle == any(c.frequency > 1 for c in twin.customers.values())
    money = [customer.monetary_minor for customer in twin.customers.values()]
    found = result.facts.concentration
    rows = list(zip(found.percents, found.customers, found.minor, strict=True))
    assert rows == reference_facts.concentration(money)


@given(orders=strategies.orders(), data=st.data(), whale_by=st.sampled_from(("monetary", "orders")))
def test_facts__within_groups_are_those_of_each_group(orders, data, whale_by):
    table = orders.table.append_column("shop", data.draw(strategies.keys(orders.table.num_rows)))
    shops = table["shop"].to_pylist()
    expected = {}
    for shop in dict.fromkeys(shops):
        own = [row for row, value in zip(orders.rows, shops, strict=True) if value == shop]
        twin = reference.score(
            own, as_of=AS_OF, timezone=orders.timezone, zoned=orders.zoned, scale=orders.scale,
            has_order="order_id" in table.column_names,
        )  # fmt: skip
        facts = wanted_facts(twin.customers, whale_by, timezone=orders.timezone)
        where = getattr(shop, "bytes", shop)
        expected |= {(key, where): fact for key, fact in facts.items()}
    names = table.column_names
    result = rfm.score(
        table, as_of=AS_OF, timezone=orders.timezone, by="shop", facts=True, whale_by=whale_by,
        order="order_id" if "order_id" in names else None,
        quantity="quantity" if "quantity" in names else None,
    )  # fmt: skip
    assert found_facts(result.customers, "shop") == expected
    assert result.facts.whales == sum(fact.is_whale for fact in expected.values())
    numbers = result.facts.whale_least, result.facts.cycle_us, result.facts.concentration
    assert numbers == (None, None, None)


@pytest.mark.parametrize("name", HARD)
def test_facts__of_hard_orders_equal_the_twin(name):
    orders = HARD[name]()
    customers = reference.score(rows_of(orders), as_of=AS_OF).customers
    result = rfm.score(orders, as_of=AS_OF, facts=True)
    assert found_facts(result.customers) == wanted_facts(customers)


@pytest.fixture(scope="module")
def orders():
    n = 4_000 if COMPILED else 400
    table = random_orders(n, n // 8, 3)
    return table.append_column("shop", pa.array([f"shop {i * 7919 % 5}" for i in range(n)]))


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("rfm_engine.totals.customers._CHUNK_CUSTOMERS", 50)
    monkeypatch.setattr("rfm_engine.scoring.ranking._BUCKET_VALUES", 16)
    monkeypatch.setattr("rfm_engine.scoring.groups._MOST_SORTED", 60)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("by", [None, "shop"])
def test_facts__of_many_chunks_and_threads_are_the_same(orders, tmp_path, by, threads):
    result = rfm.score(orders, as_of=AS_OF, facts=True, by=by, threads=threads, sort="customer")
    place = tmp_path / "out.parquet"
    rfm.score(
        orders, as_of=AS_OF, facts=True, by=by, output=place, threads=threads, sort="customer"
    )
    assert pq.read_table(place).equals(result.customers)
    if by is None:
        twin = reference.score(rows_of(orders), as_of=AS_OF)
        assert found_facts(result.customers) == wanted_facts(twin.customers)
    else:
        alone = {}
        for shop in pc.unique(orders["shop"]).to_pylist():
            own = orders.filter(pc.equal(orders["shop"], shop))
            found = found_facts(rfm.score(own, as_of=AS_OF, facts=True).customers)
            alone |= {(key, shop): fact for key, fact in found.items()}
        assert found_facts(result.customers, "shop") == alone


def test_facts__of_all_groups_together_are_those_without_groups(orders):
    options = {"as_of": AS_OF, "facts": True}
    both = rfm.score(orders, by="shop", overall=True, **options)
    alone = rfm.score(orders, **options)
    assert found_facts(both.overall.customers) == found_facts(alone.customers)
    assert both.overall.facts == alone.facts
    assert both.summary()["overall"]["facts"] == alone.summary()["facts"]


@pytest.mark.parametrize("options", [{}, {"frequency": "days"}, {"by": "shop"}, {"clv": True}])
def test_facts__of_totals_and_their_merge_are_those_of_the_orders(orders, options):
    halves = [rfm.CustomerTotals(as_of=AS_OF, hash_key=1, **options) for _ in range(2)]
    for half, start in zip(halves, (0, 300), strict=True):
        half.update(orders.slice(start, 300 if start == 0 else None))
    halves[0].merge(halves[1])
    found = rfm.score(halves[0], facts=True, whales="5%")
    expected = rfm.score(orders, as_of=AS_OF, facts=True, whales="5%", **options)
    rows = [sorted(map(repr, each.customers.to_pylist())) for each in (found, expected)]
    assert rows[0] == rows[1]
    assert found.facts == expected.facts
    assert found.schema.names == expected.schema.names


@pytest.mark.parametrize("window", [None, "90d"])
def test_facts__of_a_state_are_those_of_its_orders(orders, tmp_path, window):
    history = {} if window is None else {"history": "rolling:90d"}
    state = rfm.State.create(tmp_path / "state", **history)
    for number, start in enumerate(range(0, orders.num_rows, 1_500)):
        state.ingest(orders.slice(start, 1_500), batch_id=str(number))
    found = rfm.score(state, as_of="newest", window=window, facts=True)
    expected = rfm.score(orders, as_of="newest", window=window, facts=True)
    assert found_facts(found.customers) == found_facts(expected.customers)
    assert found.facts == expected.facts


def test_facts__follow_all_other_columns(orders):
    result = rfm.score(orders, as_of=AS_OF, facts=True, clv=True)
    fields = [field.remove_metadata() for field in result.schema]
    assert fields[-len(FACT_FIELDS) :] == FACT_FIELDS
    assert result.schema.names[-len(FACT_FIELDS) - 4 : -len(FACT_FIELDS)] == [
        "x", "t_x", "T", "zbar"
    ]  # fmt: skip
    none = rfm.score(orders.slice(0, 0), as_of=AS_OF, facts=True)
    assert none.customers.schema.names[-len(FACT_FIELDS) :] == list(FACT_COLUMNS)
    assert (none.facts.whales, none.facts.has_cycle) == (0, False)
    assert none.summary()["facts"]["concentration"]["gini"] is None


def test_facts__of_one_customer():
    result = rfm.score(orders_table([7], [0], [1]), as_of="1970-01-31", facts=True)
    (fact,) = found_facts(result.customers).values()
    assert fact[:5] == (True, 1, 100, None, 30 * 86_400 * 10**6)
    assert fact[6:] == ("on time", "new", "fm")


def test_facts__need_first_orders(tmp_path):
    totals = orders_table([7], [0], [1]).append_column("orders", pa.array([2]))
    said = r"^facts must not be used with customer_level, because .* no first order; got both"
    with pytest.raises(rfm.UsageError, match=said):
        rfm.score(totals, as_of=AS_OF, customer_level=True, facts=True)
    state = rfm.State.create(tmp_path / "state", customer_level=True)
    built = rfm.CustomerTotals(as_of=AS_OF, customer_level=True)
    built.update(totals)
    for place, options in ((state, {"as_of": AS_OF}), (built, {})):
        with pytest.raises(rfm.UsageError, match=said):
            rfm.score(place, facts=True, **options)


@pytest.mark.parametrize("options", [{"whales": "20%"}, {"whale_by": "orders"}])
def test_options_of_facts__need_facts(options):
    with pytest.raises(rfm.UsageError, match=f"^{next(iter(options))} must be used with facts"):
        rfm.score(orders_table([7], [0], [1]), as_of=AS_OF, **options)
