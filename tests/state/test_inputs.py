"""A state of any kind of orders has the same result as a run over all of them."""

from __future__ import annotations

import uuid
from datetime import date

import pyarrow as pa
import pyarrow.csv
import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED
from tests.shapes import orders_table

DAY_US = 86_400_000_000
N = 60
DAYS = [day * DAY_US + 7 for day in range(N)]
AMOUNTS = pa.array([(number * 37) % 101 - 5 for number in range(N)])
UUIDS = pa.array([uuid.UUID(int=number % 7).bytes for number in range(N)], pa.binary(16))
CUSTOMERS = {
    "int32": pa.array([number % 7 - 3 for number in range(N)], pa.int32()),
    "uint64": pa.array([2**64 - 1 - number % 7 for number in range(N)], pa.uint64()),
    "text": pa.array([f"customer {number % 7}" for number in range(N)]),
    "dictionary": pa.array([f"{number % 7}" for number in range(N)]).dictionary_encode(),
    "binary": pa.array([bytes([255, number % 7]) for number in range(N)]),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), UUIDS),
}
GROUPS = {
    "int": pa.array([number % 3 for number in range(N)]),
    "text": pa.array([(None, "", "x")[number % 3] for number in range(N)]),
    "uuid": pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([UUIDS[number % 3].as_py() for number in range(N)], pa.binary(16))
    ),
}


def halves(table, folder, **options):
    """Return a state with the second half of a table, then the first half, then an empty batch."""
    state = rfm.State.create(folder / "state", keep_batches=1, **options)
    middle = table.num_rows // 2
    for name, part in (("b", table.slice(middle)), ("a", table.slice(0, middle))):
        state.ingest(part, batch_id=name)
    state.ingest(table.slice(0, 0), batch_id="nothing")
    return state


def assert_same(state, orders, options, **asked):
    found = rfm.score(state, **asked).customers
    expected = rfm.score(orders, **options, **asked).customers
    assert found.schema.equals(expected.schema)
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, expected.to_pylist()))
    assert state.verify() == []


def table_of(kind, **more):
    table = orders_table([1] * N, DAYS, AMOUNTS, **more)
    return table.set_column(0, "customer_id", CUSTOMERS[kind])


@pytest.mark.parametrize("history", ["lifetime", "rolling:20d"])
@pytest.mark.parametrize("kind", CUSTOMERS)
def test_customers__of_every_kind(tmp_path, kind, history):
    table = table_of(kind)
    state = halves(table, tmp_path, history=history)
    asked = {"as_of": "newest"} | ({} if history == "lifetime" else {"window": "20d", "clv": True})
    assert_same(state, table, {}, **asked)


@pytest.mark.parametrize("history", ["lifetime", "rolling:20d"])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("kind", ["int32", "text", "uuid"])
def test_groups__of_every_kind(tmp_path, kind, group, history):
    numbers = pa.array([number // 4 for number in range(N)])
    table = table_of(kind, shop=GROUPS[group], order_id=numbers)
    options = {"by": "shop", "order": "order_id"}
    state = halves(table, tmp_path, history=history, **options)
    asked = {"as_of": "newest"} | ({} if history == "lifetime" else {"window": "20d"})
    assert_same(state, table, options, **asked)


POLICIES = [
    {"refunds": "drop", "zero": "drop"},
    {"timezone": "America/New_York"},
    {"amount_scale": 2},
    {"where": ["shop=1,2"]},
    {"quantity": "quantity"},
]


@pytest.mark.parametrize("options", POLICIES, ids=str)
def test_policies__are_those_of_the_state(tmp_path, options):
    table = table_of("text", shop=GROUPS["int"], quantity=pa.array([2] * N))
    state = halves(table, tmp_path, **options)
    assert_same(state, table, options, as_of="newest")
    assert {name: value for name, value in state.options.items() if name in options} == options
    assert rfm.score(state, as_of="newest", **options).rows == state.totals().rows


def test_customer_level__parts_add_up(tmp_path):
    table = table_of("int32", orders=pa.array([2] * N))
    options = {"customer_level": True}
    assert_same(halves(table, tmp_path, **options), table, options, as_of="newest")


def test_customer_level__looks_at_no_single_orders(tmp_path):
    table = table_of("int32", orders=pa.array([2] * N))
    state = halves(table, tmp_path, customer_level=True)
    options = {"customer_level": True, "scheme": "klaviyo"}
    assert rfm.score(state, as_of="newest", scheme="klaviyo").segment_totals == (
        rfm.score(table, as_of="newest", **options).segment_totals
    )
    with pytest.raises(rfm.UsageError, match="must not use first orders"):
        rfm.score(state, as_of="newest", scheme="five-types")


def test_policy__of_the_state_is_kept_from_what_is_asked(tmp_path):
    state = halves(table_of("text"), tmp_path, zero="drop")
    with pytest.raises(rfm.StateError, match=r"zero must be as set .* 'drop'; got 'count'"):
        rfm.score(state, as_of="newest", zero="count")
    assert rfm.score(state, as_of="newest", scheme="klaviyo").options["zero"] == "drop"


def test_csv__is_told_by_its_content_too(tmp_path):
    table = table_of("text")
    state = rfm.State.create(tmp_path / "state")
    pyarrow.csv.write_csv(table, tmp_path / "orders.csv")
    assert state.ingest(tmp_path / "orders.csv").rows.counted == N
    assert state.ingest(tmp_path / "orders.csv").batch is None
    assert_same(state, tmp_path / "orders.csv", {}, as_of="newest")


def test_rates__are_read_anew_with_each_batch(tmp_path):
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,rate\nEUR,1\n")
    options = {"currency": "currency", "rates": rates}
    state = rfm.State.create(tmp_path / "state", **options)
    table = table_of("text", currency=pa.array(["EUR", "USD"] * (N // 2)))
    with pytest.raises(rfm.DataError, match="USD"):
        state.ingest(table, batch_id="a")
    rates.write_text("currency,rate\nEUR,1\nUSD,0.9\n")
    state.ingest(table, batch_id="a")
    assert_same(state, table, options, as_of="newest")
    rates.unlink()
    assert rfm.score(state, as_of="newest").options["rates"] == str(rates)


def test_state__with_no_orders_has_no_customers(tmp_path):
    for history, asked in (("lifetime", {}), ("rolling:9d", {"window": "9d"})):
        state = rfm.State.create(tmp_path / history[:4], history=history)
        assert rfm.score(state, as_of="newest", **asked).customers.num_rows == 0
        assert rfm.score(state, as_of=date(2026, 1, 1), **asked).rows.read == 0
        assert not state.forget(7)
        assert state.compact() == 1


def test_totals__take_no_orders_of_their_own(tmp_path):
    totals = halves(table_of("text"), tmp_path).totals()
    assert isinstance(totals, rfm.Totals)
    assert not {"update", "merge", "absorb"} & {*dir(totals)}
    with pytest.raises(rfm.UsageError, match="must be CustomerTotals to be merged"):
        rfm.CustomerTotals(as_of="newest").merge(totals)
    assert totals.n_customers == 7


def test_score__takes_a_state_alone(tmp_path):
    state = halves(table_of("text"), tmp_path)
    with pytest.raises(rfm.UsageError, match="a state must be scored alone"):
        rfm.score([tmp_path / "state", tmp_path / "orders.csv"], as_of="newest")
    with pytest.raises(rfm.UsageError, match="output must not be inside the state"):
        rfm.score(state, as_of="newest", output=tmp_path / "state" / "out.csv")
    with pytest.raises(rfm.UsageError, match="state must be a folder on a local file system"):
        rfm.State.create("s3://bucket/state")


@pytest.mark.skipif(not COMPILED, reason="a million orders, and the same files")
def test_files__take_at_most_24_bytes_a_customer(tmp_path):
    """The customers have random ids, and half of them have one order."""
    from rfm_engine.simulate import simulate

    n = 100_000
    state = rfm.State.create(tmp_path / "state")
    state.ingest(simulate(customers=n, orders=10 * n), batch_id="all")
    assert state.summary()["bytes"] <= 24 * n


def test_orders__that_files_have_no_room_for_are_refused(tmp_path):
    state = rfm.State.create(tmp_path / "state", customer_level=True)
    table = orders_table([7], [0], [100]).append_column("orders", pa.array([1 << 39]))
    with pytest.raises(rfm.DataError, match=r"below 2\^39 per customer; customer 7 has more"):
        state.ingest(table, batch_id="a")
    table = table.set_column(3, "orders", pa.array([(1 << 39) - 1]))
    state.ingest(table, batch_id="a")
    with pytest.raises(rfm.DataError, match=r"in all batches; got 549,755,813,889"):
        state.ingest(table.set_column(3, "orders", pa.array([2])), batch_id="b")
    state.ingest(table.set_column(3, "orders", pa.array([2])), replace_batch="a")
    state.ingest(table.set_column(3, "orders", pa.array([3])), batch_id="b")
    assert state.totals().finish()["frequency"].to_pylist() == [5]


def test_state__by_uri_is_refused_with_the_reason(tmp_path):
    state = rfm.State.create(tmp_path / "state")
    with pytest.raises(rfm.UsageError, match="must be a folder on a local file system"):
        rfm.score(f"file://{state.path}", as_of="newest")
