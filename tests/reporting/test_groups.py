"""Reports of groups: each is that of a snapshot with only the orders of its group."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine as rfm
from rfm_engine.reporting.document import by_group
from rfm_engine.reporting.document.by_group import documents_by_group
from rfm_engine.reporting.document.document import document_of
from rfm_engine.reporting.document.sources import Choices, Sources
from tests.conftest import DEEP
from tests.reporting.shops import ORDERS, scored

BEGIN, END = "2026-01-31", "2026-06-30"
# What is not known by group, and what says how the document was made.
OWN = {"group", "method", "lacking", "digest"}
OWN_OF_HEAD = {"rows", "amounts_rounded", "customers_without_orders"}
OWN_OF_METHOD = {"options"}
GROUPS: dict[str, list[Any]] = {
    "text": ["a", "B", "b", None],
    "int": [-3, 2**40, 7],
    "binary": [b"\xff", b"\\xff", b""],
    "uuid": [UUID(int=1), UUID(int=2**100)],
}


def orders_of_sellers(sellers: Sequence[Any], n: int = 400) -> pa.Table:
    """Return orders of a hundred customers; at the first date there is only the first seller."""
    draw = random.Random(4)
    kind = pa.uuid() if isinstance(sellers[0], UUID) else None
    days = [draw.randrange(530) for _ in range(n)]
    of_rows = [draw.choice(sellers if day > 400 else sellers[:1]) for day in days]
    return pa.table({
        "customer_id": [draw.randrange(100) for _ in range(n)],
        "order_time": [datetime(2025, 1, 1) + timedelta(day) for day in days],
        "amount": [round(draw.expovariate(1 / 30), 2) for _ in range(n)],
        "seller": pa.array(of_rows, kind),
    })  # fmt: skip


def snapshots(folder: Path, orders: pa.Table, name: str, **options: Any) -> list[rfm.Snapshot]:
    found = []
    for day in (BEGIN, END):
        place = folder / f"{name}-{day}.parquet"
        rfm.score(orders, as_of=day, output=place, **options)
        found.append(rfm.read_snapshot(place))
    return found


def check_alone(folder: Path, orders: pa.Table, *, rows: bool = True, **options: Any) -> None:
    """Compare the document of each group with that of a snapshot of its orders alone."""
    before, after = snapshots(folder, orders, "all", by="seller", **options)
    given = orders if rows else None
    documents = list(documents_by_group(Sources(after, before, rows=given), Choices()))
    groups = orders["seller"].to_pylist()
    assert {group for group, _ in documents} == set(groups)
    for group, got in documents:
        own = orders.filter(pa.array([each == group for each in groups]))
        early, late = snapshots(folder, own, "own", **options)
        ref = document_of(Sources(late, early, rows=own if rows else None), Choices())
        assert without(got) == without(ref)


def without(document: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in document.items() if key not in OWN}
    for name, own in (("head", OWN_OF_HEAD), ("method", OWN_OF_METHOD)):
        found[name] = {key: each for key, each in document[name].items() if key not in own}
    return found


@pytest.mark.parametrize("kind", GROUPS if DEEP else ["text", "uuid"])
def test_documents_by_group__are_those_of_the_orders_alone(tmp_path, kind):
    check_alone(tmp_path, orders_of_sellers(GROUPS[kind]), scheme="classic")


SCORINGS = [
    {"scheme": "shopify", "monetary": "mean"},
    {"scheme": "classic", "facts": True, "frequency": "days"},
    {"scheme": "classic", "method": "ntile"},
    {"scheme": "eight-types"},
    {"scheme": "risk"},
    {"scheme": "r-rfm", "sort": "customer"},
]


@pytest.mark.parametrize("options", SCORINGS if DEEP else SCORINGS[:3], ids=str)
def test_documents_by_group__are_those_of_the_orders_alone_for_all_scoring(tmp_path, options):
    check_alone(tmp_path, orders_of_sellers(GROUPS["text"]), rows=False, **options)


def test_documents_by_group__are_the_same_if_customers_are_on_disk(tmp_path, monkeypatch):
    before, after = snapshots(tmp_path, orders_of_sellers(["a", "b"]), "all", by="seller")
    sources = Sources(after, before)
    ref = list(documents_by_group(sources, Choices()))
    monkeypatch.setattr(by_group, "ROOM_BYTES", 0)
    assert list(documents_by_group(sources, Choices())) == ref


def test_documents_by_group__say_what_is_not_known(tmp_path):
    snapshot = scored(tmp_path, "2026-03-31", by="shop")
    [[group, found], _] = documents_by_group(Sources(snapshot), Choices())
    assert group == "A"
    assert found["group"] == {"by": "shop", "group": "A", "n": 2}
    assert [found["head"][name] for name in sorted(OWN_OF_HEAD)] == [None, None, None]
    assert {"section": "history", "reason": "group"} in found["lacking"]


@pytest.mark.parametrize("ending", [".parquet", ".arrow", "/"])
def test_group_reports__of_every_kind_of_snapshot(tmp_path, ending):
    place = f"{tmp_path}/customers{ending}"
    result = rfm.score(ORDERS, as_of=END, by="shop", overall=True, output=place)
    ref = [report.document["segments"] for report in rfm.group_reports(result)]
    found = [report.document["segments"] for report in rfm.group_reports(place)]
    assert found == ref
    assert [sum(each["customers"] for each in segments) for segments in found] == [2, 2]


def test_group_reports__are_of_the_biggest_groups_by_spend(tmp_path):
    snapshot = scored(tmp_path, END, by="shop")
    reports = rfm.group_reports(snapshot, top=1, title="Shop")
    [report] = reports
    assert report.document["head"]["monetary"] == "35.50"
    assert report.document["group"] == {"by": "shop", "group": "A", "n": 2}
    assert len(list(reports)) == 1


def test_group_reports__after_customers_were_forgotten(tmp_path):
    orders = orders_of_sellers(["a", "b"])
    history = rfm.History.create(tmp_path / "history", by="seller", customer="customer_id")
    history.build(orders, as_of=[BEGIN, END])
    early = documents(history)
    customers = history.snapshot(END).customers
    for each in customers.filter(pc.equal(customers["seller"], "b"))["customer_id"][:9].to_pylist():
        history.forget(each)
    left = history.snapshot(END).customers
    for group, found in documents(history).items():
        own = left.filter(pc.equal(left["seller"], group))
        counted = {each["name"]: each["customers"] for each in found["segments"]}
        assert {name: n for name, n in counted.items() if n} == dict(
            Counter(own["segment"].to_pylist())
        )
        assert found["head"]["customers"] == own.num_rows < early[group]["head"]["customers"]
        # Those of the customers who are left would be other ones.
        assert found["method"]["cuts"] is None
        assert found["method"]["forgotten_rows"] > 0


def documents(history: rfm.History) -> dict[str, dict[str, Any]]:
    found = [report.document for report in rfm.group_reports(history)]
    return {each["group"]["group"]: each for each in found}


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, "Score with by="), ({"by": "shop", "top": 0}, "top must be at least 1; got 0")],
)
def test_group_reports__refuse_what_has_no_groups(tmp_path, options, said):
    top = options.pop("top", 10)
    snapshot = scored(tmp_path, END, **options)
    with pytest.raises(rfm.UsageError, match=said):
        list(rfm.group_reports(snapshot, top=top))


def test_report__without_overall_says_why_there_are_no_cut_points(tmp_path):
    own_cuts = {"method": "quantile", "r_cuts": None, "f_cuts": None, "m_cuts": None}
    apart = scored(tmp_path, END, by="shop", **own_cuts)
    both = scored(tmp_path, "2026-07-31", by="shop", overall=True, **own_cuts)
    lacking = {"section": "cuts", "reason": "groups"}
    assert lacking in rfm.report(apart).document["lacking"]
    document = rfm.report(both).document
    assert lacking not in document["lacking"]
    assert document["groups"]["overall"] is True
    # Anna bought in both shops.
    customers = [rfm.report(each).document["head"]["customers"] for each in (apart, both)]
    assert customers == [4, 3]
