"""The tiers of a history are stored by date, continued, and computed again after a change."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import StateError, UsageError
from rfm_engine.history.store import unit_of
from rfm_engine.history.tiers import continued
from rfm_engine.movement.tier_dates import month_end
from rfm_engine.movement.tier_files import load_tiers
from tests.movement.test_tiers import IDS, MONTHS, ONE, orders_of, orders_table

CLUB = """
name = "club"
window = "2mo"
measure = "monetary"
valid_months = 2
grace_months = 1
soft_landing = true
[[tiers]]
name = "Member"
threshold = 0
[[tiers]]
name = "Silver"
threshold = 1.5
[[tiers]]
name = "Gold"
threshold = 4
"""
DATES = MONTHS[:3]
EARLIER = month_end(DATES[0] - timedelta(31))
KIND, KNOWN = IDS["text"]


@pytest.fixture(scope="module")
def orders() -> pa.Table:
    return orders_table(orders_of(KNOWN, 1), KIND, by=True)


@pytest.fixture
def club(tmp_path):
    place = tmp_path / "club.toml"
    place.write_text(CLUB)
    return place


def history_of(orders, place, dates, **options):
    history = rfm.History.create(place, **options)
    for day in dates:
        history.add(orders, as_of=day)
    return history


@pytest.fixture(scope="module")
def made(orders, tmp_path_factory):
    place = tmp_path_factory.mktemp("made") / "history"
    history_of(orders, place, DATES)
    return place


@pytest.fixture
def history(made, tmp_path):
    """A copy of a history of three dates."""
    return rfm.History.open(shutil.copytree(made, tmp_path / "history"))


def computed(history, club):
    return continued(history, load_tiers(club), ONE)


@pytest.mark.parametrize("options", [{}, {"window": "2mo"}, {"by": "seller"}])
def test_tiers__are_continued(orders, club, tmp_path, options):
    first, last = DATES[:2], DATES[2]
    history = history_of(orders, tmp_path / "history", first, **options)
    chain = computed(history, club)
    assert (list(chain.computed), chain.is_changed) == (first, False)
    assert history.tiers(club) == chain.table
    assert not computed(history, club).computed
    history.add(orders, as_of=last)
    later = computed(history, club)
    assert (list(later.computed), later.changed) == ([last], [])
    other = rfm.History.open(shutil.copytree(history.path, tmp_path / "other"))
    shutil.rmtree(other.path / "tiers")
    at_once = computed(other, club)
    assert list(at_once.computed) == DATES
    assert at_once.table.equals(later.table, check_metadata=True)
    assert history.verify() == other.verify() == []
    for day in DATES:
        one, other_one = (each.store.place(unit_of(day, "tiers/club")) for each in (history, other))
        for name in ("tiers.parquet", "summary.json"):
            assert (one / name).read_bytes() == (other_one / name).read_bytes()


def test_tiers__of_a_changed_file_are_computed_again(history, club):
    history.tiers(club)
    club.write_text("# other words\n" + CLUB.replace("1.5", "1.50"))
    assert not computed(history, club).computed
    club.write_text(CLUB.replace("= 4", "= 3"))
    chain = computed(history, club)
    assert (list(chain.computed), chain.is_changed) == (DATES, True)
    renamed = CLUB.replace("Member", "Guest").replace("Silver", "Blue").replace("Gold", "Red")
    club.write_text(renamed.replace("club", "new"))
    assert list(computed(history, club).computed) == DATES  # another name, other folders
    assert len(history.store.units("tiers/club")) == 3


def test_tiers__after_a_changed_snapshot_are_computed_again(orders, history, club):
    history.tiers(club)
    history.add(orders.slice(30), as_of=DATES[1], replace=True)
    chain = computed(history, club)
    assert (list(chain.computed), chain.is_changed) == (DATES[1:], False)
    assert chain.changed == [DATES[1]]
    assert computed(history, club).changed == []
    shutil.rmtree(history.path / "tiers")
    assert computed(history, club).table.equals(chain.table)


def test_tiers__after_a_backfill_begin_with_the_new_date(orders, history, club):
    history.tiers(club)
    history.add(orders, as_of=EARLIER, backfill=True)
    chain = computed(history, club)
    assert (list(chain.computed), chain.is_changed) == ([EARLIER, *DATES], False)
    assert chain.changed == [EARLIER]


def test_tiers__name_a_changed_snapshot_that_is_subtracted(orders, tmp_path, club):
    history = history_of(orders, tmp_path / "history", MONTHS[:5])
    assert computed(history, club).changed == []
    history.add(orders.slice(30), as_of=MONTHS[1], replace=True)
    history.add(orders.slice(20), as_of=MONTHS[3], replace=True)
    history.add(orders, as_of=MONTHS[5])
    chain = computed(history, club)
    assert (list(chain.computed), chain.changed) == (MONTHS[1:6], [MONTHS[1], MONTHS[3]])


def test_tiers__without_forgotten_customers(history, club):
    whole = history.tiers(club)
    who = whole["customer_id"][3].as_py()
    assert history.forget(who) == [who]
    assert history.verify() == []
    rest = whole.filter(pc.not_equal(whole["customer_id"], who))
    stored = pq.read_table(history.store.place(unit_of(DATES[-1], "tiers/club")) / "tiers.parquet")
    assert stored.equals(rest)
    assert history.tiers(club).equals(rest)


def test_tiers__that_are_damaged_are_refused(history, club):
    history.tiers(club)
    place = history.store.place(unit_of(DATES[-1], "tiers/club")) / "tiers.parquet"
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(data)
    with pytest.raises(
        StateError, match=r"is damaged or was changed\. Delete the folder tiers/club"
    ):
        history.tiers(club)
    assert len(history.verify()) == 1


def test_tiers__of_a_history_without_dates_are_refused(club, tmp_path):
    with pytest.raises(UsageError, match="must have a date for tiers; got none"):
        rfm.History.create(tmp_path / "history").tiers(club)
