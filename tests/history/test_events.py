"""The log of events: each event once, the same bytes in every run, and what is retracted."""

from __future__ import annotations

import json
import tempfile
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.movement.event_table import event_id
from tests.events.cases import AS_OF, ZONE, orders, orders_table, rows_of, segments_of
from tests.events.reference import Dates, events_between

FEW = settings(max_examples=settings.default.max_examples // 8)
DAYS = ["2025-01-31", "2025-02-28", "2025-03-31"]
ORDERS = {
    "customer_id": [1, 1, 2, 2, 3],
    "order_time": [datetime(2025, *day) for day in ((1, 5), (2, 9), (1, 7), (3, 9), (3, 20))],
    "amount": [10.0, 20.0, 30.0, 40.0, 50.0],
}
LATER = pa.table({"customer_id": [3], "order_time": [datetime(2025, 2, 3)], "amount": [1.0]})


@pytest.fixture
def history(tmp_path):
    found = rfm.History.create(tmp_path / "history")
    for day in DAYS[:2]:
        found.add(pa.table(ORDERS), as_of=day)
    return found


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A history of three dates, which is not changed."""
    found = rfm.History.create(tmp_path_factory.mktemp("three") / "history")
    for day in DAYS:
        found.add(pa.table(ORDERS), as_of=day)
    return found


def log_of(history, day):
    return history.path / "events" / f"as_of={day}" / "events.parquet"


def test_log__of_the_first_date_is_empty(tmp_path):
    history = rfm.History.create(tmp_path / "history")
    with pytest.raises(UsageError, match=r"events must have a date; got history .* with none"):
        history.log_events()
    history.add(pa.table(ORDERS), as_of=DAYS[0])
    logged = history.log_events()
    assert logged[:3] == (date(2025, 1, 31), None, "added")
    assert len(logged.events) == len(pq.ParquetFile(log_of(history, DAYS[0])).read()) == 0
    with pytest.raises(UsageError, match=r"events must have two dates; got history .* with 1"):
        history.events()


def test_log__is_the_same_in_every_run(history):
    logged = history.log_events()
    assert logged[:3] == (date(2025, 2, 28), date(2025, 1, 31), "added")
    assert logged.events.equals(history.events())
    first = log_of(history, DAYS[1]).read_bytes()
    some = history.log_events(types="second_order", threads=1)
    assert some.status == "unchanged"
    assert some.events["event_id"].to_pylist() == [event_id("second_order", 1, 2)]
    assert log_of(history, DAYS[1]).read_bytes() == first
    assert history.verify() == []


def test_log__has_all_types_whatever_is_asked_for(history):
    with pytest.raises(UsageError, match="types must be among"):
        history.log_events(types="second")
    with pytest.raises(UsageError, match="reactivated must have segments that are asleep"):
        history.log_events(types="reactivated")
    assert not log_of(history, DAYS[1]).exists()
    history.log_events(types="due")
    types = pq.read_table(log_of(history, DAYS[1]), partitioning=None)["type"].to_pylist()
    assert {"second_order", "entered_segment"} <= {*types}


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        (None, None, (1, 2)), (DAYS[0], None, (0, 1)), (None, DAYS[1], (0, 1)),
        (None, DAYS[2], (1, 2)), (DAYS[1], DAYS[2], (1, 2)),
    ],
)  # fmt: skip
def test_events__are_between_consecutive_dates(three, begin, end, wanted):
    [both] = {
        (str(row["as_of_from"]), str(row["as_of_to"]))
        for row in three.events(begin, end, types="entered_segment").to_pylist()
    }
    assert both == tuple(DAYS[place] for place in wanted)


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        (DAYS[0], DAYS[2], "begin and end must be two consecutive"),
        (DAYS[1], DAYS[0], "begin and end must be two consecutive"),
        (DAYS[2], None, "got 2025-03-31, which is the newest date, so no date follows it"),
        (None, DAYS[0], "got 2025-01-31, which is the oldest date, so no date is before it"),
        ("2025-02-01", None, "the date 2025-02-01; got 3 dates, the nearest 2025-01-31, 2025-02"),
        (DAYS[0], "2025-02-01", "must have the date 2025-02-01; got 3 dates, the nearest"),
    ],
)
def test_events__between_other_dates_are_refused(three, begin, end, wanted):
    with pytest.raises(UsageError, match=wanted):
        three.events(begin, end)


def test_log__has_no_event_that_an_earlier_date_has(history):
    """An order that arrives late is dropped from the log, and its event comes at the next date."""
    history.add(pa.concat_tables([pa.table(ORDERS), LATER]), as_of=DAYS[1], replace=True)
    first = history.log_events().events["event_id"].to_pylist()
    assert event_id("first_order", 3, 1) in first
    history.add(pa.table(ORDERS), as_of=DAYS[1], replace=True)
    history.add(pa.table(ORDERS), as_of=DAYS[2])
    assert event_id("first_order", 3, 1) in history.events()["event_id"].to_pylist()
    second = history.log_events().events["event_id"].to_pylist()
    assert event_id("first_order", 3, 1) not in second
    assert {*second}.isdisjoint(first)


def test_log__retracts_what_does_not_follow_any_more_only_on_request(history):
    late = pa.concat_tables([pa.table(ORDERS), LATER])
    history.add(late, as_of=DAYS[1], replace=True)
    old = history.log_events().events
    history.add(pa.table(ORDERS), as_of=DAYS[1], replace=True)
    new = history.events()
    gone = {*old["event_id"].to_pylist()} - {*new["event_id"].to_pylist()}
    logged = history.log_events(retracted=True)
    assert logged.status == "replaced"
    rows = [row for row in logged.events.to_pylist() if row["type"] == "retracted"]
    assert {row["to"] for row in rows} == gone
    assert event_id("first_order", 3, 1) in gone
    [row] = [row for row in rows if row["to"] == event_id("first_order", 3, 1)]
    assert row["event_id"] == event_id("retracted", 3, event_id("first_order", 3, 1))
    assert (row["customer_id"], row["from"], row["value"]) == (3, "first_order", None)
    order = [(row["type"], row["customer_id"]) for row in logged.events.to_pylist()]
    assert order == sorted(order)
    asked = history.log_events(types="retracted").events
    assert asked.to_pylist() == rows
    assert {*history.log_events(types="due").events["type"].to_pylist()} <= {"due"}
    for retracted in (True, False):
        again = history.log_events(retracted=retracted)
        assert (again.status, again.events.equals(logged.events)) == ("unchanged", True)
    history.add(late, as_of=DAYS[1], replace=True)
    assert "retracted" not in history.log_events().events["type"].to_pylist()


def test_log__is_replaced_without_retracting_if_it_is_not_asked_for(history):
    history.add(pa.concat_tables([pa.table(ORDERS), LATER]), as_of=DAYS[1], replace=True)
    history.log_events()
    history.add(pa.table(ORDERS), as_of=DAYS[1], replace=True)
    assert history.log_events().events.equals(history.events())


def test_reactivated__follows_a_change_of_the_key_in_the_scheme(tmp_path):
    """The key decides no segment, so that the snapshots still agree."""
    text = (
        '[[segments]]\nname = "Late"\nwhen = ["recency_days > 30"]\n[[segments]]\nname = "Here"\n'
    )
    place = tmp_path / "mine.toml"
    place.write_text('name = "mine"\n' + text)
    history = rfm.History.create(tmp_path / "history", scheme=place)
    for day in DAYS[:2]:
        history.add(pa.table(ORDERS), as_of=day)
    place.write_text('name = "mine"\nasleep = ["Late"]\n' + text)
    assert history.add(pa.table(ORDERS), as_of=DAYS[1]).status == "unchanged"
    history.add(pa.table(ORDERS), as_of=DAYS[2])
    [row] = history.events(types="reactivated").to_pylist()
    assert (row["customer_id"], row["from"], row["to"]) == (2, "Late", "Here")
    assert row["event_id"] == event_id("reactivated", 2, DAYS[2])
    model = tmp_path / "model.json"
    rfm.save_model(history.snapshot(DAYS[2]), model)
    assert rfm.load_model(model).scheme.asleep == ("Late",)


def test_forget__deletes_the_events_of_a_customer(history):
    history.log_events()
    assert history.forget(1) == [1]
    table = pq.read_table(log_of(history, DAYS[1]), partitioning=None)
    assert 1 not in table["customer_id"].to_pylist()
    assert len(table) > 0
    assert history.log_events().status == "unchanged"
    assert history.verify() == []


def test_verify__names_a_damaged_log(history):
    history.log_events()
    with log_of(history, DAYS[1]).open("r+b") as opened:
        opened.seek(40)
        opened.write(b"\xff\xff")
    assert history.verify() == ["events/as_of=2025-02-28/events.parquet is damaged or was changed"]


@FEW
@given(st.data())
def test_log__of_random_orders_has_each_event_of_the_reference_once(data):
    rows = data.draw(orders("text", (None,)))
    days = data.draw(st.lists(st.sampled_from(AS_OF), min_size=3, max_size=4, unique=True))
    table = orders_table(rows, "text", None)
    found, expected = [], {}
    with tempfile.TemporaryDirectory() as name:
        history = rfm.History.create(Path(name) / "h", timezone=ZONE, scheme="five-types")
        for day in sorted(days):
            history.add(table, as_of=day)
            logged = history.log_events(nth=[3])
            found += rows_of(logged.events, None)
            if logged.before is None:
                continue
            segments = tuple(segments_of(history.snapshot(each)) for each in (logged.before, day))
            for row in events_between(
                rows, Dates(logged.before, day), segments, scheme="five-types",
                asleep=("At risk", "Dormant"), nth=[3],
            ):  # fmt: skip
                expected.setdefault(row[0], row)
    assert found == list(expected.values())
    assert json.loads(logged.events.schema.metadata[b"rfm_engine_events"])["as_of_to"] == str(day)
