"""A date scored from orders, from a state or from a snapshot is the same snapshot."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED, DEEP
from tests.history.conftest import MONTH_ENDS

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

DAY = date(1998, 3, 31)
CASES = [
    {"scheme": "five-types", "weights": ["0.15", "0.28", "0.57"], "whales": "10%"},
    {"by": "quantity", "overall": True, "window": "6mo"},
]
CASES += [{}, {"by": "quantity"}, {"method": "ntile", "by": "quantity"}] if DEEP else []


def same(one: rfm.History, other: rfm.History, day: date) -> None:
    """Compare a date of two histories: content, metadata and files."""
    ours, theirs = one.snapshot(day), other.snapshot(day)
    assert ours.all_rows().cast(theirs.schema) == theirs.all_rows()
    assert ours.cuts == theirs.cuts
    assert ours.segment_totals == theirs.segment_totals
    assert ours.cells == theirs.cells
    assert ours.facts == theirs.facts
    assert (ours.survey() is None) == (theirs.survey() is None)
    if ours.survey() is not None:
        assert ours.survey().to_json() == theirs.survey().to_json()
    assert one.summary(day)["content_digest"] == other.summary(day)["content_digest"]


@pytest.mark.parametrize("options", CASES, ids=str)
def test_snapshot__added_is_as_if_it_was_scored(cdnow, tmp_path, options):
    of_orders = rfm.History.create(tmp_path / "orders", **options)
    of_snapshots = rfm.History.create(tmp_path / "snapshots", **options)
    plain = {name: each for name, each in options.items() if name != "whales"}
    for day in (MONTH_ENDS[3], DAY):
        of_orders.add(cdnow, as_of=day)
        place = tmp_path / f"{day}.parquet"
        rfm.score(cdnow, as_of=day, output=place, **plain)
        of_snapshots.add(place if day == DAY else rfm.read_snapshot(place), as_of=day)
        same(of_orders, of_snapshots, day)
    assert of_snapshots.add(cdnow, as_of=DAY).status == "unchanged"


def test_state__added_is_as_if_orders_were_scored(cdnow, tmp_path):
    state = rfm.State.create(tmp_path / "state", history="rolling:400d")
    state.ingest(cdnow, batch_id="all")
    of_orders = rfm.History.create(tmp_path / "orders", window="200d")
    of_state = rfm.History.create(tmp_path / "of_state", window="200d")
    for day in (date(1998, 5, 31), date(1998, 6, 30)):
        of_orders.add(cdnow, as_of=day)
        of_state.add(tmp_path / "state" if day.month == 5 else state, as_of=day)
        same(of_orders, of_state, day)


def test_snapshot__of_another_date_is_refused(cdnow, tmp_path):
    place = tmp_path / "customers.parquet"
    rfm.score(cdnow, as_of=DAY, output=place)
    history = rfm.History.create(tmp_path / "h")
    with pytest.raises(rfm.UsageError, match="as_of must be the date of the snapshot, 1998-03-31"):
        history.add(place, as_of="1998-04-30")
    assert history.dates == []


def test_snapshot__with_changed_values_is_refused(cdnow, tmp_path):
    place = tmp_path / "customers.parquet"
    rfm.score(cdnow, as_of=DAY, output=place)
    table = pq.read_table(place)
    frequency = pa.array([9] * len(table), pa.int64())
    at = table.schema.get_field_index("frequency")
    changed = table.set_column(at, table.schema.field(at), frequency)
    pq.write_table(changed, place)
    history = rfm.History.create(tmp_path / "h")
    with pytest.raises(rfm.DataError, match="must have the segments that follow from its values"):
        history.add(place, as_of=DAY)
    assert history.dates == []


def test_totals__are_refused(cdnow, tmp_path):
    totals = rfm.CustomerTotals(as_of=DAY)
    totals.update(cdnow)
    with pytest.raises(rfm.UsageError, match="scored to a snapshot"):
        rfm.History.create(tmp_path / "h").add(totals, as_of=DAY)
