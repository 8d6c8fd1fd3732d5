"""Flows with attributes, labels, tiers, contacts with the shop, and consent."""

from __future__ import annotations

import shutil
from datetime import date
from uuid import UUID

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine import DataError, UsageError
from tests.activation.flows import shops
from tests.conftest import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

DAY = shops.DAYS[-1]


@pytest.fixture(scope="module")
def place(cdnow, tmp_path_factory):
    place = tmp_path_factory.mktemp("inputs") / "history"
    shops.small_history(cdnow, place, by=None)
    return place


@pytest.fixture
def history(place, tmp_path):
    return rfm.History.open(shutil.copytree(place, tmp_path / "history"))


def ids_of(history):
    return history.snapshot(DAY).customers["customer_id"].to_pylist()


def own_flow(tmp_path, *lines, **changed):
    keys = {
        "name": "mine", "title": "my flow", "trigger": "state", "cooldown": "90d", "priority": 1,
        "holdout_bp": 0, "channel": "email", "window_days": 30,
    } | changed  # fmt: skip
    text = "\n".join(f"{key} = {value!r}" for key, value in keys.items())
    place = tmp_path / "mine.toml"
    place.write_text("\n".join([text, 'treatment = { kind = "content" }', *lines]))
    return place


def matching(found):
    return {row["name"]: row["matching"] for row in found.flows}


def test_attributes__of_csv_are_read_by_their_conditions(history, tmp_path):
    ids = ids_of(history)
    table = pa.table({
        "customer_id": ids,
        "points": ["12.5" if n % 2 else "" for n in range(len(ids))],
        "points_expire_on": [date(1997, 9, 10 + n % 20) for n in range(len(ids))],
        "vip": ["Yes" if n % 3 == 0 else "no" for n in range(len(ids))],
        "level": [str(n % 5) for n in range(len(ids))],
        "bought_bridge": ["" if n % 2 else "false" for n in range(len(ids))],
    })  # fmt: skip
    csv.write_csv(table, tmp_path / "attributes.csv")
    flow = own_flow(tmp_path, 'where = ["vip", "level >= 3"]', 'columns = ["vip", "level"]')
    flows = [flow, "points-expiry", "bridge-product"]
    found = rfm.flows.run(history, flows=flows, attributes=tmp_path / "attributes.csv")
    recent = history.snapshot(DAY).customers
    small = [
        n
        for n, row in enumerate(recent.to_pylist())
        if not row["is_whale"] and row["recency_days"] <= 60 and n % 2 == 0
    ]
    assert matching(found) == {
        "mine": sum(n % 3 == 0 and n % 5 >= 3 for n in range(len(ids))),
        "points-expiry": sum(n % 2 == 1 and (10 + n % 20) <= 30 for n in range(len(ids))),
        "bridge-product": len(small),
    }


def test_attributes__that_are_estimates_are_compared_as_floats(history, tmp_path):
    ids = ids_of(history)
    values = [n / 7 for n in range(len(ids))]
    csv.write_csv(pa.table({"customer_id": ids, "clv": values}), tmp_path / "clv.csv")
    flow = own_flow(tmp_path, 'where = ["clv >= 2"]', 'columns = ["clv"]')
    found = rfm.flows.run(history, flows=[flow], attributes=tmp_path / "clv.csv")
    assert matching(found) == {"mine": sum(value >= 2 for value in values)}


def test_attributes__that_are_wrong_are_refused(history, tmp_path):
    ids = ids_of(history)
    place = tmp_path / "attributes.csv"
    for points in ("many", "1e400", "nan"):
        columns = {
            "customer_id": ids[:2], "points": ["1", points],
            "points_expire_on": ["1997-09-02", "1997-09-02"],
        }  # fmt: skip
        csv.write_csv(pa.table(columns), place)
        with pytest.raises(DataError, match=r"must have (finite )?numbers; got another") as caught:
            rfm.flows.run(history, flows="points-expiry", attributes=place)
        assert points not in str(caught.value)
    csv.write_csv(pa.table({"customer_id": [ids[0], ids[0]], "bought_bridge": ["no", "no"]}), place)
    with pytest.raises(DataError, match="one row per customer"):
        rfm.flows.run(history, flows="bridge-product", attributes=place)
    csv.write_csv(pa.table({"id": ids[:1], "bought_bridge": ["no"]}), place)
    with pytest.raises(UsageError, match="must have the column 'customer_id'"):
        rfm.flows.run(history, flows="bridge-product", attributes=place)
    with pytest.raises(UsageError, match="absent"):
        rfm.flows.run(history, flows="bridge-product", attributes=tmp_path / "absent.csv")


def test_birthdays__in_attributes_have_the_events_of_a_history(cdnow, tmp_path):
    ids = sorted({each for each in cdnow["customer_id"].to_pylist() if int(each) <= 60})
    born = [date(1960 + n % 30, 1 + n % 12, 1 + n % 28) for n in range(58)]
    born += [date(1960, 9, 1), date(1980, 9, 7)]
    place = tmp_path / "birthdays.csv"
    csv.write_csv(pa.table({"customer_id": ids, "birthday": born}), place)
    few = cdnow.filter(pa.array([int(each) <= 60 for each in cdnow["customer_id"].to_pylist()]))
    plain = rfm.History.create(tmp_path / "plain")
    rich = rfm.History.create(tmp_path / "rich", attributes=str(place))
    for history in (plain, rich):
        history.build(few, as_of=shops.DAYS[-2:])
    events = rich.events(types="birthday_soon", birthday="birthday")
    wanted = sorted(events["event_id"].to_pylist())
    assert wanted
    for history, given in ((plain, place), (rich, None)):
        rfm.flows.run(history, flows="birthday", attributes=given)
        log = pq.read_table(history.path / f"flows/as_of={DAY}/log.parquet", partitioning=None)
        assert sorted(log["event_id"].to_pylist()) == wanted
        assert {*log["key"].to_pylist()} == {"1997"}


def test_labels__from_a_snapshot(history, tmp_path):
    snapshot = history.snapshot(DAY)
    levels = ["sensitive", "fairly sensitive", "average", "unknown"]
    n = len(snapshot.customers)
    labelled = snapshot.all_rows().append_column(
        "price_label", pa.array([levels[k % 4] for k in range(n)])
    )
    place = tmp_path / "labelled.parquet"
    pq.write_table(labelled, place)
    found = rfm.flows.run(history, flows="price-sensitive-deal", labels_from=place)
    days = snapshot.customers["recency_days"].to_pylist()
    assert matching(found) == {
        "price-sensitive-deal": sum(k % 4 < 2 and 21 <= days[k] <= 90 for k in range(n))
    }
    shutil.rmtree(history.path / "flows")
    with pytest.raises(UsageError, match="must not be of a later date than 1997-07-31"):
        rfm.flows.run(history, as_of="1997-07-31", labels_from=place)


def test_touches__bring_people_without_an_order(history, tmp_path):
    columns = {
        "customer_id": ["zoe", "adam", "eve", ids_of(history)[0], "kim"],
        "time": ["1997-08-20", "1997-08-20", "1997-08-30", "1997-08-01", "1997-08-01"],
        "kind": ["view", "view", "view", "impression", "reach"],
    }
    place = tmp_path / "touches.csv"
    csv.write_csv(pa.table(columns), place)
    found = rfm.flows.run(history, flows=["aipl-i-to-p", "aipl-a-to-i"], touches=place)
    # Interest must be seven days old, that is, already there at the date before: 1997-07-31.
    assert matching(found) == {"aipl-i-to-p": 0, "aipl-a-to-i": 0}
    flow = own_flow(tmp_path, """where = ['aipl_stage == "I"', "touch_i_days <= 5"]""")
    shutil.rmtree(history.path / "flows")
    found = rfm.flows.run(history, flows=flow, touches=place)
    assert found.table["customer_id"].to_pylist() == ["eve"]


def test_touches__that_are_old_enough_hold_a_stage(history, tmp_path):
    csv.write_csv(
        pa.table({
            "customer_id": ["zoe", "adam", "eve"],
            "time": ["1997-07-20", "1997-07-20", "1997-08-20"], "kind": ["view", "reach", "view"],
        }),
        tmp_path / "touches.csv",
    )  # fmt: skip
    found = rfm.flows.run(
        history, flows=["aipl-i-to-p", "aipl-a-to-i"], touches=tmp_path / "touches.csv"
    )
    rows = zip(found.table["customer_id"].to_pylist(), found.table["flow"].to_pylist(), strict=True)
    assert [*rows] == [("adam", "aipl-a-to-i"), ("zoe", "aipl-i-to-p")]


def test_consent__can_be_a_condition(history, tmp_path):
    ids = ids_of(history)
    consents = [n % 4 == 0 for n in range(len(ids))]
    csv.write_csv(
        pa.table({"customer_id": ids, "consent_email": [True] * len(ids), "consent_sms": consents}),
        tmp_path / "contacts.csv",
    )
    flow = own_flow(tmp_path, 'where = ["not consent_sms"]')
    found = rfm.flows.run(history, flows=flow, contacts=tmp_path / "contacts.csv")
    assert matching(found) == {"mine": consents.count(False)}
    assert found.warnings == []


def test_inactive__flows_say_what_they_lack(history):
    found = rfm.flows.run(history)
    assert found.inactive["price-sensitive-deal"] == (
        "there is no column 'price_label' in the history, --labels-from or --attributes"
    )
    assert found.inactive["aipl-a-to-i"] == "there is no column 'aipl_stage' without --touches"
    assert found.inactive["high-value-care"] == (
        "it is for the scheme five-types, and the history has classic"
    )
    assert found.warnings == ["consent is not checked, because no contacts are given"]


def test_uuids__have_the_entries_of_their_texts(cdnow, tmp_path):
    few = cdnow.filter(pa.array([int(each) <= 100 for each in cdnow["customer_id"].to_pylist()]))
    uuids = [UUID(int=int(each) << 64) for each in few["customer_id"].to_pylist()]
    found = []
    for name, ids in (
        ("text", pa.array([str(each) for each in uuids])),
        ("uuid", pa.array([each.bytes for each in uuids], pa.uuid())),
    ):
        history = rfm.History.create(tmp_path / name)
        history.build(few.set_column(0, "customer_id", ids), as_of=shops.DAYS[-2:])
        (history.path / "split.key").write_text(shops.KEY)
        days = shops.DAYS[-2:]
        names = ["winback-60-180", "cooling-31-59", "overdue-own-cycle", "champion-invite"]
        runs = [rfm.flows.run(history, flows=names, as_of=day) for day in days]
        table = pa.concat_tables(run.table for run in runs)
        found.append([row | {"customer_id": str(row["customer_id"])} for row in table.to_pylist()])
    assert found[0]
    assert found[0] == found[1]
