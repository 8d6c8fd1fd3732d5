"""Each history has the same results as a run over all orders, or an error that explains why not."""

from __future__ import annotations

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED

N_ORDERS = 4_000 if COMPILED else 300
IN_ORDER = [("customer_id", "ascending")]


@pytest.fixture(scope="module")
def orders():
    """Lines of three years, from the oldest to the newest, which is of 2025-12-31."""
    lines = simulate(customers=N_ORDERS // 10, orders=N_ORDERS, lines=True).read_all()
    return lines.sort_by("order_time")


def state_of(orders, folder, n_batches=5, **options):
    state = rfm.State.create(folder / "state", **options)
    each = -(-orders.num_rows // n_batches)
    for number in range(n_batches):
        state.ingest(orders.slice(number * each, each), batch_id=f"batch {number}")
    return state


@pytest.mark.parametrize("order", [None, "order_id"])
@pytest.mark.parametrize("as_of", ["newest", "2025-12-31", "2026-03-01"])
def test_lifetime__scores_as_a_run_over_all_orders(orders, tmp_path, as_of, order):
    state = state_of(orders, tmp_path, order=order)
    found = rfm.score(state, as_of=as_of)
    expected = rfm.score(orders, as_of=as_of, order=order)
    assert found.customers.sort_by(IN_ORDER).equals(expected.customers.sort_by(IN_ORDER))
    assert found.rows == expected.rows
    assert found.cuts == expected.cuts
    assert found.segment_totals == expected.segment_totals


@pytest.mark.parametrize("order", [None, "order_id"])
@pytest.mark.parametrize(
    "asked",
    [
        {"as_of": "newest", "window": "365d"},
        {"as_of": "newest", "window": "12mo", "clv": True},
        {"as_of": "2025-12-01", "window": "365d", "frequency": "days"},
        {"as_of": "2025-12-10", "window": "30d", "clv": True, "clv_unit": "W"},
        {"as_of": "2026-02-01", "window": "90d"},
    ],
    ids=str,
)
def test_rolling__scores_as_a_run_over_all_orders(orders, tmp_path, asked, order):
    state = state_of(orders, tmp_path, history="rolling:365d", order=order)
    found = rfm.score(str(tmp_path / "state"), **asked)
    expected = rfm.score(orders, order=order, **asked)
    assert found.customers.sort_by(IN_ORDER).equals(expected.customers.sort_by(IN_ORDER))
    assert found.cuts == expected.cuts
    assert found.rows == expected.rows
    assert state.summary()["first_day"] == "2024-12-01"


def test_rolling__counts_what_is_older_as_too_late(orders, tmp_path):
    state = state_of(orders, tmp_path, history="rolling:10d")
    late = state.ingest(orders.slice(0, 7), batch_id="late").rows
    assert (late.read, late.counted, late.too_late) == (7, 0, 7)


@pytest.mark.parametrize("order", [None, "order_id"])
def test_rolling__keeps_orders_where_days_are_counted(orders, tmp_path, order):
    state = state_of(orders, tmp_path, history="rolling:365d", frequency="days", order=order)
    asked = {"as_of": "2025-12-31", "window": "365d"}
    for frequency in (None, "days", "orders"):
        found = rfm.score(state, frequency=frequency, **asked)
        expected = rfm.score(orders, order=order, frequency=frequency or "days", **asked)
        assert found.customers.sort_by(IN_ORDER).equals(expected.customers.sort_by(IN_ORDER))


REFUSED = [
    ("lifetime", {"as_of": "2025-12-30"}, "as_of must be 2025-12-31, the newest day"),
    ("lifetime", {"window": "30d"}, "window must not be used with a lifetime state"),
    ("lifetime", {"frequency": "days"}, "frequency must not be used with a lifetime state"),
    ("lifetime", {"scheme": "pymc"}, "frequency must not be used with a lifetime state"),
    ("lifetime", {"clv": True}, "clv must not be used with a lifetime state"),
    ("rolling:10d", {}, "window must be given for a state with history rolling:10d"),
    ("rolling:10d", {"window": "42d"}, "must be within the history, which begins on 2025-11-21"),
    ("rolling:10d", {"window": "10d", "as_of": "2025-11-29"}, "must be within the history"),
    ("lifetime", {"overall": True}, "overall must not be used with a state"),
    ("lifetime", {"customer": "who"}, "customer must be as set when the state was created"),
    ("lifetime", {"order": "order_id"}, "order must be as set .* not given; got 'order_id'"),
    ("lifetime", {"zero": "drop"}, "zero must be as set"),
    ("lifetime", {"scheme": "klaviyo"}, "got 'drop', which scheme klaviyo requires"),
    ("lifetime", {"where": ["channel=web"]}, "where must be as set"),
]


@pytest.mark.parametrize(("history", "asked", "said"), REFUSED, ids=str)
def test_history__says_why_it_cannot_answer(orders, tmp_path, history, asked, said):
    state = state_of(orders, tmp_path, n_batches=1, history=history)
    differs = "as set" in said or "requires" in said
    with pytest.raises(rfm.StateError if differs else rfm.UsageError, match=said):
        rfm.score(state, **({"as_of": "newest"} | asked))


def test_window__may_be_as_long_as_the_history_and_its_margin(orders, tmp_path):
    state = state_of(orders, tmp_path, n_batches=1, history="rolling:10d")
    found = rfm.score(state, as_of="2025-11-30", window="10d")
    expected = rfm.score(orders, as_of="2025-11-30", window="10d")
    assert found.customers.sort_by(IN_ORDER).equals(expected.customers.sort_by(IN_ORDER))
    assert found.rows == expected.rows


CREATED = [
    ({"history": "forever"}, "history must be lifetime or rolling:365d"),
    ({"history": "rolling:0d"}, "history must be"),
    ({"history": None}, "history must be"),
    ({"frequency": "days"}, "frequency must be orders in a lifetime state"),
    ({"history": "rolling:9d", "customer_level": True}, "history must be lifetime with"),
    ({"keep": 0}, "keep must be 1 or more"),
    ({"keep_batches": -1}, "keep_batches must be 0 or more"),
    ({"keep_batches": True}, "keep_batches must be 0 or more"),
    ({"customer": "orders"}, "must not be named like a column of a state's files"),
    ({"timezone": "Mars"}, "timezone must be"),
]


@pytest.mark.parametrize(("options", "said"), CREATED, ids=str)
def test_create__refuses_what_could_never_be_answered(tmp_path, options, said):
    with pytest.raises(rfm.UsageError, match=said):
        rfm.State.create(tmp_path / "state", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["as_of", "window", "scheme", "clv"])
def test_create__has_no_options_of_a_single_score(tmp_path, option):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{option}'"):
        rfm.State.create(tmp_path / "state", **{option: None})
    assert list(tmp_path.iterdir()) == []


def days(*texts, amounts=None):
    """Return a table with one order on each day."""
    return pa.table(
        {
            "customer_id": list(range(len(texts))),
            "order_time": pa.array(texts).cast(pa.date32()),
            "amount": amounts or [1] * len(texts),
        }
    )


def test_newest_day__far_ahead_is_refused_where_it_would_make_the_state_forget(tmp_path):
    state = rfm.State.create(tmp_path / "state", history="rolling:365d", zero="drop")
    with pytest.raises(rfm.DataError, match="got 2206-01-02, and 2026-01-01 as the newest day"):
        state.ingest(days("2025-06-01", "2026-01-01", "2206-01-02"), batch_id="a")
    state.ingest(days("2026-01-01"), batch_id="a")
    with pytest.raises(rfm.DataError, match="must not move the history past all earlier orders"):
        state.ingest(days("2206-01-02"), batch_id="b")
    with pytest.raises(rfm.DataError, match="must not move the history past all earlier orders"):
        state.ingest(days("2026-01-02", "2206-01-02", amounts=[1, 0]), batch_id="b")
    assert state.summary()["newest_day"] == "2026-01-01"
    state.ingest(days("2020-01-01", "2026-01-01"), batch_id="late")
    state.ingest(days("2206-01-01", "2206-01-02"), batch_id="b")  # two such days are accepted
    assert state.summary()["first_day"] == "2204-12-03"


def test_correction__that_is_older_than_the_history_is_too_late_and_no_wrong_date(tmp_path):
    state = rfm.State.create(tmp_path / "state", history="rolling:1d")
    state.ingest(days("2026-01-01"), batch_id="a")
    state.ingest(days("2026-02-15", "2026-02-16"), batch_id="b")
    assert state.ingest(days("2026-01-02"), replace_batch="b").rows.too_late == 1


def test_history__may_reach_back_before_all_dates(tmp_path):
    state = rfm.State.create(tmp_path / "state", history="rolling:3652059d")
    state.ingest(days("0001-01-01", "2026-01-01"), batch_id="a")
    assert state.summary()["first_day"] == "0001-01-01"
    assert state.totals(window="9999d").finish().num_rows == 1
