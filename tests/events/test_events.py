"""The table of events: its columns, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import pairwise
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError, RfmError, UsageError
from rfm_engine.movement.event_table import METADATA_KEY
from rfm_engine.movement.events import events
from tests.events.reference import event_id

BEFORE, AFTER = "2025-02-28", "2025-03-31"
ORDERS = {
    "customer_id": ["a", "a", "b", "c", "c", "c", "d"],
    "order_time": pa.array([
        datetime(2024, 3, 5), datetime(2025, 3, 2, 23, 30), datetime(2025, 2, 10),
        datetime(2025, 1, 1), datetime(2025, 3, 8), datetime(2025, 3, 9, 12), datetime(2025, 3, 4),
    ], pa.timestamp("us", "UTC")),
    "amount": [Decimal(n) for n in ("1.50", "20.25", "3.00", "4.00", "5.00", "6.00", "7.00")],
    "shop": ["x", "x", None, "", "", "", "x"],
}  # fmt: skip
NAMES = ["happened_on", "from", "to", "value", "as_of_from", "as_of_to"]


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Score orders at a date; the same ones are scored once."""

    @cache
    def usual(day):
        return at(day, ORDERS)

    def at(day, table=None, **options):
        if table is None and not options:
            return usual(day)
        place = tmp_path_factory.mktemp("scored") / "customers.parquet"
        orders = pa.table(ORDERS if table is None else table).drop_columns([])
        options = {"facts": True, "sort": "customer"} | options
        rfm.score(orders, as_of=day, output=place, **options)
        return rfm.read_snapshot(place)

    return at


@pytest.fixture(scope="module")
def both(scored):
    def two(table=None, **options):
        return scored(BEFORE, table, **options), scored(AFTER, table, **options)

    return two


def picked(found, kind, *names):
    rows = [row for row in found.to_pylist() if row["type"] == kind]
    return [tuple(row[name] for name in names) for row in rows]


def test_events__have_the_columns_in_order(both):
    found = events(*both())
    assert found.column_names == ["event_id", "type", "customer_id", *NAMES]
    kinds = dict(zip(found.schema.names, found.schema.types, strict=True))
    assert kinds["type"] == pa.dictionary(pa.int8(), pa.string())
    assert kinds["value"] == pa.decimal128(38, 2)
    assert {kinds[name] for name in ("happened_on", "as_of_from", "as_of_to")} == {pa.date32()}
    assert {kinds[name] for name in ("event_id", "customer_id", "from", "to")} == {pa.string()}
    rows = [(row["type"], row["customer_id"]) for row in found.to_pylist()]
    assert rows == sorted(rows)


def test_order_events__have_a_day_only_if_a_snapshot_has_it(both):
    """The third order of c is its last one, the second one is between."""
    found = events(*both(timezone="Europe/Berlin"), nth=[3])
    assert picked(found, "first_order", "customer_id", "happened_on", "value") == [
        ("d", date(2025, 3, 4), 1)
    ]
    assert picked(found, "second_order", "customer_id", "happened_on", "event_id") == [
        ("a", date(2025, 3, 3), event_id("second_order", "a", 2)),  # 00:30 in Berlin
        ("c", None, event_id("second_order", "c", 2)),
    ]
    assert picked(found, "nth_order", "customer_id", "happened_on") == [("c", date(2025, 3, 9))]
    assert picked(found, "anniversary", "customer_id", "to", "value", "happened_on") == [
        ("a", "2025-03-05", 1, date(2025, 3, 31))
    ]


def test_whale_events__have_the_net_amount(both):
    found = events(*both())
    assert picked(found, "became_whale", "customer_id", "value") == [("a", Decimal("21.75"))]
    assert picked(found, "ceased_whale", "customer_id", "value") == [("c", Decimal("15.00"))]


def test_events__within_groups_have_the_group_in_the_id(both):
    """A customer without a group has the id that it has without groups."""
    found = events(*both(by="shop"), types=["second_order", "due"])
    assert found.column_names == ["event_id", "type", "customer_id", "shop", *NAMES]
    assert picked(found, "second_order", "customer_id", "shop", "event_id") == [
        ("a", "x", event_id("second_order", "a", "x", 2)),
        ("c", "", event_id("second_order", "c", "", 2)),
    ]
    last = datetime(2025, 2, 10, tzinfo=UTC)
    assert (None, event_id("due", "b", int(last.timestamp()) * 10**6)) in picked(
        found, "due", "shop", "event_id"
    )


def test_events__of_all_groups_together_have_no_group(both):
    shops = [shop or "" for shop in ORDERS["shop"]]
    found = events(*both(ORDERS | {"shop": shops}, by="shop", overall=True), types="second_order")
    assert picked(found, "second_order", "customer_id", "shop", "event_id") == [
        ("a", None, event_id("second_order", "a", 2)),
        ("a", "x", event_id("second_order", "a", "x", 2)),
        ("c", None, event_id("second_order", "c", 2)),
        ("c", "", event_id("second_order", "c", "", 2)),
    ]


def test_events__of_ids_of_16_bytes_and_of_unsorted_snapshots(both):
    of = {who: UUID(bytes=bytes([250 - ord(who)] * 16)) for who in "abcd"}
    ids = pa.array([of[who].bytes for who in ORDERS["customer_id"]], pa.uuid())
    found = events(*both(ORDERS | {"customer_id": ids}, facts=False, sort=None))
    assert picked(found, "second_order", "customer_id", "event_id") == [
        (of[who], event_id("second_order", of[who], 2)) for who in "ca"
    ]
    assert len(found) == len(events(*both()))


def test_events__before_the_first_date_are_none(both):
    before, after = both()
    found = events(None, after)
    assert found.schema.equals(events(before, after).schema)
    assert len(found) == 0
    assert json.loads(found.schema.metadata[METADATA_KEY])["as_of_from"] is None
    grouped = events(None, both(by="shop")[1])
    assert grouped.schema.field("shop").type == pa.string()


def test_events__say_what_is_left_out_and_warn(both):
    about = json.loads(events(*both()).schema.metadata[METADATA_KEY])
    assert about["left_out"] == {
        "reactivated": "asleep", "birthday_soon": "birthday", "aipl_moved": "touches",
        "tier_up": "tiers", "tier_down": "tiers", "tier_grace": "tiers",
    }  # fmt: skip
    [warning] = about["warnings"]
    assert (warning["code"], warning["type"]) == ("far_apart", "due_soon")
    assert "at most 7 days apart" in warning["text"]
    about = json.loads(events(*both(window="90d")).schema.metadata[METADATA_KEY])
    assert {name for name, lack in about["left_out"].items() if lack == "window"} == {
        "first_order", "second_order", "nth_order", "anniversary"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"types": "frist_order"}, "types must be among .* Did you mean 'first_order'"),
        ({"types": ["due", "due"]}, "types must name each type once; got .'due', 'due'."),
        ({"types": ""}, "types must name each type once; got .''."),
        ({"types": 5}, "types must name types such as 'second_order'; got 5"),
        ({"types": "retracted"}, "must be asked of the log .* Leave begin and end out"),
        ({"types": "due", "order_days": -1}, "order_days must be a whole number from 0 to 100,00"),
        ({"touch_days": 2**70}, "touch_days must be a whole number from 0 to 100,000; got 118059"),
        ({"types": "due", "touches": "none.csv"}, "none.csv must exist; got no such file"),
        ({"rows": ["none.csv"]}, "none.csv must exist; got no such file or folder"),
        ({"types": "reactivated"}, "segments that are asleep; got scheme 'classic' without"),
        ({"types": ["birthday_soon"]}, "birthday_soon must have birthday; got none"),
        ({"types": "aipl_moved"}, "aipl_moved must have touches; got none"),
        ({"types": "aipl_moved", "touches": __file__}, "must have rows, because a snapshot"),
        ({"types": "tier_up"}, "tier_up must have membership tiers .* Run rfm tiers first"),
        ({"nth": [2]}, "nth must be whole numbers from 3; got 2"),
        ({"nth": "5,10"}, r"nth must be whole numbers from 3; got '5,10'. Give .* as \[5, 10\]"),
        ({"birthday": "born"}, "column of the snapshots; got 'born'. Score with attributes."),
        ({"birthday": "monetary"}, "such as 1980-02-29; got .* of type decimal128"),
        ({"birthday": "frequency"}, "birthday must be a column of dates .*; got 1 of type int64"),
        ({"birthday": "segment"}, "birthday must be a column of dates such as .*; got '[A-Z]"),
    ],
)
def test_events__refuse_what_cannot_be_found(both, options, wanted):
    with pytest.raises((UsageError, DataError), match=wanted) as caught:
        events(*both(), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["first_order", "nth_order", "anniversary"])
def test_events__of_all_orders_are_refused_with_a_window(both, name):
    with pytest.raises(UsageError, match=f"{name} must be found from all orders .* window 90d"):
        events(*both(window="90d"), types=name)


def test_events__refuse_snapshots_that_contradict_or_have_names_of_events(both, scored):
    before, after = both()
    with pytest.raises(RfmError, match="order of their dates"):
        events(after, before)
    with pytest.raises(RfmError, match="scheme of compared snapshots must be the same"):
        events(scored(BEFORE, scheme="five-types"), after)
    for name in ("value", "TYPE"):
        renamed = pa.table(ORDERS).rename_columns([name, "order_time", "amount", "shop"])
        other = scored(AFTER, renamed, customer=name)
        with pytest.raises(UsageError, match="customer must have another name than the columns of"):
            events(None, other)


def test_events__are_the_same_for_any_threads_and_row_order(both):
    mixed = pa.table(ORDERS).take([6, 5, 4, 3, 2, 1, 0])
    one, other = events(*both(), threads=1), events(*both(mixed), threads=2)
    assert one.equals(other, check_metadata=True)


def test_birthday_soon__is_within_seven_days_and_comes_once(scored, tmp_path):
    """29 February is 28 February in 2025; text is read as dates."""
    born = {"a": "2000-02-29", "b": "1980-03-07 00:00:00", "c": "1999-03-08T12:30:00", "d": None}
    people = {"customer_id": [*born], "born": [*born.values()]}
    pq.write_table(pa.table(people), tmp_path / "people.parquet")
    options = {"attributes": tmp_path / "people.parquet"}
    days = ["2025-02-20", "2025-02-27", "2025-02-28", "2025-03-01"]
    chain = [scored(day, **options) for day in days]
    found = [
        picked(events(*two, types="birthday_soon", birthday="born"), "birthday_soon",
               "customer_id", "to", "event_id", "happened_on")
        for two in pairwise(chain)
    ]  # fmt: skip
    assert found == [
        [("a", "2025-02-28", event_id("birthday_soon", "a", 2025), date(2025, 2, 27))],
        [("b", "2025-03-07", event_id("birthday_soon", "b", 2025), date(2025, 2, 28))],
        [("c", "2025-03-08", event_id("birthday_soon", "c", 2025), date(2025, 3, 1))],
    ]


@pytest.mark.parametrize(("day", "n_warnings"), [("2025-02-27", 0), ("2025-02-28", 1)])
def test_birthday_soon__warns_if_snapshots_are_far_apart(scored, tmp_path, day, n_warnings):
    pq.write_table(pa.table({"customer_id": ["a"], "born": ["2000-02-29"]}), tmp_path / "p.parquet")
    options = {"attributes": tmp_path / "p.parquet"}
    two = scored("2025-02-20", **options), scored(day, **options)
    found = events(*two, types="birthday_soon", birthday="born")
    warnings = json.loads(found.schema.metadata[METADATA_KEY])["warnings"]
    assert [each["type"] for each in warnings] == ["birthday_soon"] * n_warnings


def test_birthday_soon__shows_the_text_that_is_no_date(scored, tmp_path):
    people = {"customer_id": ["a", "b"], "born": ["2000-02-29", "19800229"]}
    pq.write_table(pa.table(people), tmp_path / "p.parquet")
    options = {"attributes": tmp_path / "p.parquet"}
    two = scored(BEFORE, **options), scored(AFTER, **options)
    with pytest.raises(DataError, match=r"got '19800229'\. Correct the attributes") as caught:
        events(*two, birthday="born")
    assert caught.value.typed.startswith("--birthday must be")
