"""Events of stages by awareness, interest, purchase and loyalty."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfm_engine.errors import UsageError
from rfm_engine.movement.comparison import Comparison
from rfm_engine.movement.events import events
from tests.events.cases import DAYS, IDS, orders, orders_table, rows_of, scored
from tests.events.reference import event_id

FEW = settings(max_examples=settings.default.max_examples // 6)
KINDS = {"impression": "A", "click": "I", "share": "L"}
DATES = (DAYS[-4], DAYS[-1])
TOUCH = st.tuples(
    st.sampled_from([*IDS["text"][1][1:5], "new"]), st.sampled_from(DAYS), st.sampled_from([*KINDS])
)


def stages_at(day, rows, touches, n_order_days, n_touch_days):
    """Return the stage of each person who has one."""
    found = {}
    people = {row.customer for row in rows} | {who for who, _, _ in touches}
    for who in people:
        bought = [
            row
            for row in rows
            if row.customer == who and row.minor >= 0 and 0 <= (day - row.local).days < n_order_days
        ]
        met = {
            KINDS[kind]
            for other, when, kind in touches
            if other == who and 0 <= (day - when).days < n_touch_days
        }
        steps = [("L", len(bought) > 1 or "L" in met), ("P", bool(bought)), ("I", "I" in met)]
        found[who] = next((stage for stage, holds in [*steps, ("A", "A" in met)] if holds), "none")
    return found


@FEW
@given(orders("text", (None,)), st.lists(TOUCH, max_size=12), st.sampled_from([8, 21, 370]))
def test_aipl_moved__is_that_of_the_reference(rows, touches, n_days):
    rows = [row for row in rows if row.customer not in ("", "a\0")]  # which CSV cannot have
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people, days, kinds = ([each[n] for each in touches] for n in range(3))
        file = pa.table({
            "customer_id": pa.array(people, pa.string()), "time": pa.array(days, pa.date32()),
            "kind": pa.array(kinds, pa.string()),
        })  # fmt: skip
        pyarrow.csv.write_csv(file, folder / "touches.csv")
        table = orders_table(rows, "text", None)
        options = {"types": "aipl_moved", "touches": folder / "touches.csv"}
        options |= {"order_days": n_days, "touch_days": 30}
        (folder / "all").mkdir()
        all_orders = (scored(table, day, folder / "all") for day in DATES)
        found = rows_of(events(*all_orders, rows=table, **options), None)
        recent = (scored(table, day, folder, window=f"{n_days}d") for day in DATES)
        assert rows_of(events(*recent, **options), None) == found
        (folder / "short").mkdir()
        short = (scored(table, day, folder / "short", window="3d") for day in DATES)
        assert rows_of(events(*short, rows=table, **options), None) == found
    one, other = (stages_at(day, rows, touches, n_days, 30) for day in DATES)
    assert found == [
        (
            event_id("aipl_moved", who, other[who], DATES[1]), "aipl_moved", who, None, DATES[1],
            one[who], other[who], None, *DATES,
        )
        for who in sorted(one)
        if one[who] != other[who]
    ]  # fmt: skip


@pytest.mark.parametrize("frequency", ["orders", "days"])
@pytest.mark.parametrize("window", ["30d", "365d", "400d"])
def test_aipl_moved__counts_older_orders_of_rows_than_the_window(tmp_path, frequency, window):
    """At the first date, an order of 364 days before counts; rfm compare says the same."""
    (tmp_path / "touches.csv").write_text("customer_id,time,kind\na,2025-02-20,click\n")
    table = pa.table({
        "customer_id": ["a", "b", "b", "c"],
        "order_time": ["2024-02-29", "2025-02-27", "2025-02-28", "2024-02-28"], "amount": [1.0] * 4,
    })  # fmt: skip
    days = "2025-02-27", "2025-02-28"
    two = [scored(table, day, tmp_path, window=window, frequency=frequency) for day in days]
    options = {"touches": tmp_path / "touches.csv"}
    found = events(*two, rows=table, types="aipl_moved", **options)
    assert [(row["customer_id"], row["from"], row["to"]) for row in found.to_pylist()] == [
        ("a", "P", "I"),
        ("b", "P", "L"),
    ]
    [flow] = [
        row
        for row in Comparison(*two, rows=table, **options).aipl().to_pylist()
        if row["stage"] == "P"
    ]
    assert (flow["before"], flow["to_i"], flow["to_l"]) == (2, 1, 1)


def test_aipl_moved__counts_orders_of_snapshots_only_with_the_same_window(tmp_path):
    (tmp_path / "touches.csv").write_text("customer_id,time,kind\na,2025-02-20,click\n")
    table = pa.table({
        "customer_id": ["a"], "order_time": ["2025-02-01"], "amount": [1.0],
    })  # fmt: skip
    options = {"types": "aipl_moved", "touches": tmp_path / "touches.csv"}
    days = DATES[1] - timedelta(1), DATES[1]
    two = [scored(table, day, tmp_path, window="365d") for day in days]
    assert len(events(*two, **options)) == 0
    with pytest.raises(UsageError, match="keep a history with window 90d"):
        events(*two, **options, order_days=90)
