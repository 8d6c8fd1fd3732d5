"""Membership tiers of several programs, of replaced snapshots, and after `forget`."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.movement.event_table import METADATA_KEY, event_id
from tests.history.test_tier_events import DAYS, ORDERS, TIERS, TYPES, history_in

OTHER = TIERS.replace('"plus"', '"points"').replace('"Gold"', '"Silver"')
AMOUNTS = ["1.00", "2.00", "4.00", "40.00", "5.00", "50.00"]
CHANGED = ORDERS | {"amount": [Decimal(n) for n in AMOUNTS]}


def left_out(table):
    return json.loads(table.schema.metadata[METADATA_KEY])["left_out"]


def kinds(table):
    return sorted({*table["type"].to_pylist()} & {*TYPES, "retracted"})


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A folder with a history that has tiers at the second date, where a has risen."""
    folder = tmp_path_factory.mktemp("original")
    history_in(folder, DAYS[:2]).tiers(folder / "plus.toml")
    return folder


@pytest.fixture
def history(original, tmp_path):
    """A copy of this history, which a test may change."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return rfm.History.open(tmp_path / "history")


def test_tiers__of_two_programs_must_have_different_names(history, tmp_path):
    place = tmp_path / "points.toml"
    place.write_text(OTHER)
    wanted = (
        "tiers of 'points' must have other names than those of 'plus', which are in history .*; "
        "got 'Member' in both. Rename the tier in the file, or delete the folder tiers/plus"
    )
    with pytest.raises(UsageError, match=wanted):
        history.tiers(place)
    assert not (history.path / "tiers" / "points").exists()
    place.write_text(OTHER.replace('"Member"', '"None"'))
    history.tiers(place)
    ids = history.events()["event_id"].to_pylist()
    assert len(ids) == len({*ids})
    assert [row["to"] for row in history.events(types="tier_up").to_pylist()] == ["Gold", "Silver"]
    place.write_text(TIERS.replace('"plus"', '"points"').replace('"Member"', '"None"'))
    with pytest.raises(UsageError, match="got 'Gold' in both"):
        history.tiers(place)


def test_events__are_in_the_order_of_their_tiers(history, tmp_path):
    """The programs are found in the order of their names; their tiers have another order."""
    place = tmp_path / "any.toml"
    place.write_text(OTHER.replace("points", "another").replace("Member", "None"))
    history.tiers(place)
    rows = history.events(types="tier_up").to_pylist()
    assert [(row["from"], row["to"]) for row in rows] == [("Member", "Gold"), ("None", "Silver")]


def test_forget__keeps_tiers_valid(history, tmp_path):
    for day in DAYS[2:]:
        history.add(pa.table(ORDERS), as_of=day)
    history.tiers(tmp_path / "plus.toml")
    before = history.tiers(tmp_path / "plus.toml")
    units = history.store.units("tiers/plus")
    old = {unit: history.store.summary(unit) for unit in units}
    assert history.forget("b") == ["b"]
    assert left_out(history.events()).keys().isdisjoint(TYPES)
    new = {unit: history.store.summary(unit) for unit in units}
    assert all(old[unit]["snapshot"] != new[unit]["snapshot"] for unit in units)
    files = [history.store.place(unit) / "tiers.parquet" for unit in units]
    times = [each.stat().st_mtime_ns for each in files]
    after = history.tiers(tmp_path / "plus.toml")
    assert [each.stat().st_mtime_ns for each in files] == times
    assert after.to_pylist() == [row for row in before.to_pylist() if row["customer_id"] != "b"]
    assert history.verify() == []


def test_forget__leaves_old_tiers_old(history):
    history.add(pa.table(CHANGED), as_of=DAYS[1], replace=True)
    history.forget("b")
    assert {left_out(history.events())[name] for name in TYPES} == {"old_tiers"}


@pytest.mark.parametrize("day", DAYS[:2])
def test_events__of_old_tiers_are_left_out_and_not_retracted(history, tmp_path, day):
    """Also if the snapshot before was replaced, from which the chain begins."""
    sent = history.log_events().events
    assert kinds(sent) == ["tier_up"]
    [row] = [row for row in sent.to_pylist() if row["type"] == "tier_up"]
    history.add(pa.table(CHANGED), as_of=day, replace=True, backfill=True)
    with pytest.raises(UsageError, match=f"as new as the snapshot of {DAYS[1]}; got older ones"):
        history.events(types="tier_up")
    kept = history.log_events(retracted=True).events
    assert {left_out(kept)[name] for name in TYPES} == {"old_tiers"}
    assert row["event_id"] not in kept["to"].to_pylist()
    assert row in kept.to_pylist()
    history.tiers(tmp_path / "plus.toml")
    last = history.log_events(retracted=True).events
    gone = [each["to"] for each in last.to_pylist() if each["type"] == "retracted"]
    assert (row["event_id"] in gone) == (day == DAYS[1])
    assert (row in last.to_pylist()) == (day == DAYS[0])


def test_events__of_one_old_program_are_not_retracted_if_another_is_new(history, tmp_path):
    place = tmp_path / "points.toml"
    place.write_text(OTHER.replace("Member", "None"))
    history.tiers(place)
    sent = history.log_events().events
    history.add(pa.table(CHANGED), as_of=DAYS[1], replace=True)
    history.tiers(place)
    kept = history.log_events(retracted=True).events
    assert {left_out(kept)[name] for name in TYPES} == {"old_tiers"}
    of_tiers = [row for row in sent.to_pylist() if row["type"] == "tier_up"]
    assert len(of_tiers) == 2
    assert all(row in kept.to_pylist() for row in of_tiers)


def test_log__keeps_events_of_types_that_an_option_leaves_out(tmp_path):
    (tmp_path / "people.csv").write_text("customer_id,born\na,1990-03-02\nb,1991-03-03\n")
    history = rfm.History.create(tmp_path / "h", attributes=tmp_path / "people.csv", by=None)
    for day in (datetime(2025, 2, 21), datetime(2025, 2, 28)):
        history.add(pa.table(ORDERS), as_of=day)
    sent = history.log_events(birthday="born").events
    history.add(pa.table(CHANGED), as_of=DAYS[1], replace=True)
    kept = history.log_events(retracted=True).events
    assert left_out(kept)["birthday_soon"] == "birthday"
    of_birthdays = [row for row in sent.to_pylist() if row["type"] == "birthday_soon"]
    assert [row["event_id"] for row in of_birthdays] == [
        event_id("birthday_soon", who, 2025) for who in "ab"
    ]
    assert [row for row in kept.to_pylist() if row["type"] == "birthday_soon"] == of_birthdays
    types = kept["type"].to_pylist()
    assert types == sorted(types)
    assert history.log_events(retracted=True).status == "unchanged"
    assert history.log_events(birthday="born").status == "replaced"


def test_retracted__are_in_the_order_of_customer_group_type_and_id(tmp_path):
    history = history_in(tmp_path, DAYS[:1], by="shop")
    days = pa.array([datetime(2025, 2, day) for day in range(1, 7)])
    more = pa.table({**ORDERS, "order_time": days})
    shops = pa.array(["y", "x", "x", None, "x", "y"])
    history.add(pa.concat_tables([more, more.set_column(1, "shop", shops)]), as_of=DAYS[1])
    assert len(history.log_events().events) > 0
    history.add(pa.table(ORDERS), as_of=DAYS[1], replace=True)
    found = history.log_events(types="retracted", retracted=True).events
    rows = [
        (row["customer_id"], row["shop"] or "", row["from"], row["to"]) for row in found.to_pylist()
    ]
    assert rows == sorted(rows)
    assert len({row[:2] for row in rows}) > 2
