"""Reports of campaigns: which snapshot, which days, which files, and what is refused."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.activation.campaign.assigned import read_assigned
from rfm_engine.activation.campaign.drawing import Plan, write_draw
from rfm_engine.activation.campaign.populations import populations_of
from rfm_engine.activation.people import source_of
from rfm_engine.normalize import write_normalized

SNAPSHOT = "2026-01-31"


def orders():
    """Customer n of 40 buys in January, and the first n times in February."""
    rows = [(n, datetime(2026, 1, 1 + n % 28, 12), 10.0) for n in range(40)]
    rows += [(n, datetime(2026, 2, 1 + k, 12), 1.0 + n) for n in range(40) for k in range(n % 5)]
    rows.append((77, datetime(2026, 3, 31), 1.0))
    ids, times, amounts = zip(*rows, strict=True)
    return pa.table({"customer_id": ids, "order_time": times, "amount": amounts})


def assigned(**columns):
    n = 40
    whole = {
        "customer_id": [*range(n)], "campaign": ["spring"] * n,
        "arm": ["holdout" if k % 4 == 0 else "treated" for k in range(n)],
        "contacted_on": [date(2026, 2, 1)] * n, "ends_on": [date(2026, 2, 28)] * n,
    }  # fmt: skip
    whole |= columns
    return pa.table({name: each for name, each in whole.items() if each is not None})


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    pq.write_table(orders(), folder / "orders.parquet")
    rfm.score(orders(), as_of=SNAPSHOT, output=folder / "customers.parquet")
    return folder


@pytest.fixture(scope="module")
def base(shop):
    return reported(shop)


def reported(shop, table=None, source=None, **options):
    place = shop / "assigned.parquet"
    pq.write_table(assigned() if table is None else table, place)
    whole = {"assigned": place, "rows": shop / "orders.parquet", "threads": 1} | options
    return rfm.campaign.report(source or shop / "customers.parquet", **whole)


def read(shop, table, days):
    place = shop / "assigned.parquet"
    pq.write_table(table, place)
    return read_assigned(place, rfm.read_snapshot(shop / "customers.parquet"), days)


def whole_of(report):
    return report.table.to_pylist()[-1]


def test_report__can_be_called_twice(shop, base):
    assert reported(shop).table.equals(base.table)


def test_report__counts_both_ends_of_the_window(shop):
    days = {"contacted_on": [date(2026, 2, 2)] * 40, "ends_on": [date(2026, 2, 3)] * 40}
    row = whole_of(reported(shop, assigned(**days)))
    # On February 2 and 3 those buy who have a second and a third order.
    both = [sum(k % 5 > day for day in (1, 2)) for k in range(40)]
    assert row["orders"] == sum(n for k, n in enumerate(both) if k % 4)
    assert row["orders_held_out"] == sum(n for k, n in enumerate(both) if k % 4 == 0)


def test_days__are_local_days_of_the_time_zone_of_the_snapshot(tmp_path):
    moments = orders()["order_time"].cast(pa.timestamp("us", "UTC"))
    late = orders().set_column(1, "order_time", moments)
    place = tmp_path / "customers.parquet"
    rfm.score(late, as_of=SNAPSHOT, output=place, timezone="Pacific/Auckland")
    pq.write_table(late, tmp_path / "orders.parquet")
    days = {"contacted_on": [date(2026, 2, 2)] * 40, "ends_on": [date(2026, 2, 2)] * 40}
    row = whole_of(reported(tmp_path, assigned(**days)))
    # Noon in UTC is one o'clock of the next day there.
    assert row["orders"] + row["orders_held_out"] == sum(k % 5 > 0 for k in range(40))


def test_attribution_days__are_for_rows_without_an_end(shop):
    ends = [date(2026, 2, 28) if k % 2 else None for k in range(40)]
    found = read(shop, assigned(ends_on=ends), 27)
    assert set(found.table["ends"].to_pylist()) == {date(2026, 2, 28)}
    with pytest.raises(rfm.UsageError, match="attribution_days must be given for 20 customers"):
        read(shop, assigned(ends_on=ends), None)


def test_history__gives_the_newest_segments_before_the_contact(shop):
    history = rfm.History.create(shop / "history")
    for day in ("2026-01-15", SNAPSHOT, "2026-02-01"):
        history.add(orders(), as_of=day)
    days = [date(2026, 1, 16), date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)]
    found = populations_of(source_of(history), read(shop, assigned(), None), days)
    assert [str(each.as_of) for each in found.snapshots] == ["2026-01-15", SNAPSHOT, "2026-02-01"]
    assert [found.of_day[day] for day in days] == [0, 0, 1, 2]
    early = [date(2026, 1, 15)] * 40
    with pytest.raises(rfm.UsageError, match="a snapshot must be older than the first contact"):
        reported(shop, assigned(contacted_on=early), source=history)
    later = [date(2026, 2, 1 + k % 2) for k in range(40)]
    about = reported(shop, assigned(contacted_on=later), source=history).summary()
    assert about["campaigns"][0]["segments_as_of"] == [SNAPSHOT, "2026-02-01"]


def test_file_of_split__is_a_file_of_assignments(shop):
    key = shop / "split.key"
    key.write_text("a secret of sixteen letters")
    place = shop / "arms.parquet"
    plan = Plan("frequency >= 1", "spring", "25%", key)
    drawn = write_draw(shop / "customers.parquet", plan, str(place))
    found = reported(shop, assigned=place, attribution_days=28)
    [about] = found.summary()["campaigns"]
    counts = drawn.counts
    assert about["split"]["planned"] == "25%"
    assert (about["split"]["treated"], about["split"]["held_out"]) == (
        counts["treated"], counts["holdout"],
    )  # fmt: skip
    assert (about["from"], about["to"]) == (SNAPSHOT, "2026-02-28")
    assert found.summary()["warnings"] == []


def test_sizes_of_arms__that_are_not_as_planned_are_no_uplift(shop, base):
    found = reported(shop, holdout="1%")
    row = whole_of(found)
    assert row["conversion_uplift"] is None
    assert row["incremental_spend"] is None
    assert row["buyers_held_out"] > 0
    [warning] = found.summary()["warnings"]
    assert warning["code"] == "split_broken"
    assert "split broken: 30 treated and 10 held out, but 1% were planned" in warning["text"]
    [unknown] = base.summary()["warnings"]
    assert unknown["code"] == "ratio_not_checked"
    assert reported(shop, holdout="25%").summary()["warnings"] == []


@pytest.mark.parametrize("arm", [None, ["treated"] * 40])
def test_campaign_without_a_holdout__is_compared_with_all_others(shop, arm):
    days = {"contacted_on": [date(2026, 2, 1)] * 40, "ends_on": [date(2026, 2, 20)] * 40}
    table = assigned(arm=arm, **days).slice(0, 30)
    found = reported(shop, table)
    row = whole_of(found)
    assert (row["design"], row["not_targeted"]) == ("differences", 10)
    spent = [sum(1.0 + n for _ in range(n % 5)) for n in range(40)]
    assert row["naive"] == pytest.approx(sum(spent[:30]) / 30 - sum(spent[30:]) / 10)
    before = [10.0 if 1 + n % 28 >= 12 else 0.0 for n in range(40)]
    change = [one - other for one, other in zip(spent, before, strict=True)]
    assert row["did"] == pytest.approx(sum(change[:30]) / 30 - sum(change[30:]) / 10)
    assert "equal trends" in found.summary()["campaigns"][0]["caveat"]


def test_campaign_without_a_holdout__says_why_it_is_not_compared(shop):
    found = reported(shop, assigned(arm=None, ends_on=[date(2026, 3, 10)] * 40))
    [warning] = found.summary()["warnings"]
    assert (warning["code"], whole_of(found)["did"]) == ("not_compared", None)
    text = "the rows begin on 2026-01-01, and the time before begins on 2025-12-25"
    assert text in warning["text"]
    days = [date(2026, 2, 1 + k % 2) for k in range(40)]
    [warning] = reported(shop, assigned(arm=None, contacted_on=days)).summary()["warnings"]
    assert "its contacts or ends are on several days" in warning["text"]


def test_customers_who_are_in_no_segment__have_a_line_of_their_own(shop):
    table = assigned(customer_id=[*range(39), 500])
    rows = {row["segment"]: row for row in reported(shop, table).table.to_pylist()}
    assert rows["(none)"]["targeted"] == 1
    assert rows["(none)"]["buyers"] == 0
    assert list(rows)[-2:] == ["(none)", "(all)"]


def test_rows_without_an_id__are_left_out_and_counted(shop):
    table = assigned(customer_id=[*range(38), None, None])
    found = reported(shop, table, holdout="25%")
    row = whole_of(found)
    assert row["targeted"] + row["held_out"] == 38
    [warning] = found.summary()["warnings"]
    assert warning["text"] == "rows of assigned without an id, which were left out: 2"


def test_responses__of_others_are_left_out_and_counted(shop):
    responses = pa.table({
        "customer_id": [1, 1, 2, 88, None, 3], "campaign": ["spring"] * 5 + ["other"],
    })  # fmt: skip
    place = shop / "responses.csv"
    pa.csv.write_csv(responses, place)
    found = reported(shop, responses=place, holdout="25%", margin="50%")
    row = whole_of(found)
    assert row["responders"] == 2
    assert row["roi_attributed"] is None  # there is no cost
    assert [each["text"] for each in found.summary()["warnings"]] == [
        "responders who are not in assigned, who were left out: 1",
        "campaigns of responses that are not in assigned: other",
    ]


def test_files__of_csv_are_read_alike(shop):
    table = assigned(cost_minor=[7] * 40)
    pa.csv.write_csv(table, shop / "assigned.csv")
    snapshot = rfm.read_snapshot(shop / "customers.parquet")
    found = read_assigned(shop / "assigned.csv", snapshot, None)
    assert found.table.equals(read(shop, table, None).table)


def test_normalised_rows__have_the_same_report(shop, base):
    write_normalized(orders(), shop / "rows", as_of="2026-03-31", buckets=3)
    assert reported(shop, rows=shop / "rows").table.equals(base.table)
    with pytest.raises(rfm.UsageError, match="margin must be a share for normalised rows"):
        reported(shop, rows=shop / "rows", margin="profit")
    write_normalized(orders(), shop / "early", as_of="2026-02-27", buckets=3)
    with pytest.raises(rfm.UsageError, match=r"must go on to 2026-02-28; got as_of 2026-02-27"):
        reported(shop, rows=shop / "early")


def test_window_of_the_snapshot__does_not_limit_the_rows(tmp_path):
    pq.write_table(orders(), tmp_path / "orders.parquet")
    place = tmp_path / "customers.parquet"
    rfm.score(orders(), as_of=SNAPSHOT, output=place, window="10d")
    row = whole_of(reported(tmp_path))
    assert row["orders"] + row["orders_held_out"] == sum(n % 5 for n in range(40))


def test_large_amounts__are_exact(tmp_path):
    """The squares of these amounts exceed 128 bits when they are added up."""
    large = 9 * 10**17
    table = pa.table({
        "customer_id": [*range(8)] * 2, "order_time": [datetime(2026, 1, 1)] * 8
        + [datetime(2026, 2, 1)] * 8, "amount": [1] * 8 + [large - n for n in range(8)],
    })  # fmt: skip
    rfm.score(table, as_of=SNAPSHOT, output=tmp_path / "customers.parquet")
    contacts = pa.table({
        "customer_id": [*range(8)], "campaign": ["x"] * 8, "arm": ["treated", "holdout"] * 4,
        "contacted_on": [date(2026, 2, 1)] * 8,
    })  # fmt: skip
    row = whole_of(reported(tmp_path, contacts, rows=table, attribution_days=0))
    assert int(row["spend"]) == 4 * large - 12
    assert row["spend_uplift"] == 1.0
    assert row["spend_error"] == pytest.approx((2 * 20 / 3 / 4) ** 0.5)


@pytest.mark.parametrize(("refunds", "n_orders"), [("net", 3), ("net-order", 2)])
def test_refunds__reduce_the_spend_whether_the_order_counts_or_not(tmp_path, refunds, n_orders):
    """Order 1 is cancelled in full three days later, and order 2 in part after the campaign."""
    moments = [datetime(2026, 2, day) for day in (1, 4, 2, 20, 3)] + [datetime(2026, 1, 1)]
    table = pa.table({
        "customer_id": [1, 1, 1, 1, 2, 3], "order_id": [1, 1, 2, 2, 3, 4],
        "order_time": moments, "amount": [10, -10, 20, -5, 7, 1],
    })  # fmt: skip
    place = tmp_path / "customers.parquet"
    rfm.score(table, as_of=SNAPSHOT, output=place, order="order_id", refunds=refunds)
    contacts = pa.table({
        "customer_id": [1, 2, 3, 4], "campaign": ["x"] * 4, "contacted_on": [date(2026, 2, 1)] * 4,
        "ends_on": [date(2026, 2, 10)] * 4,
    })  # fmt: skip
    row = whole_of(reported(tmp_path, contacts, rows=table))
    # Rows of order 2 after the last day of the campaigns are not read.
    assert (row["orders"], row["buyers"], int(row["spend"])) == (n_orders, 2, 27)


def test_totals_of_customers__have_no_orders_to_report(tmp_path):
    day = [datetime(2026, 1, 1)]
    table = pa.table({"customer_id": [1], "order_time": day, "orders": [1], "amount": [1]})
    place = tmp_path / "customers.parquet"
    rfm.score(table, as_of=SNAPSHOT, output=place, customer_level=True)
    with pytest.raises(rfm.UsageError, match="customer_level must not be used"):
        reported(tmp_path, rows=table)
