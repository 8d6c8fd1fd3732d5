"""Answers about all customers: segments, their customers page by page, and the report."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.serve.members import Wanted, members_of
from tests.serve.calls import call, calls, code_of, orders_of, snapshot_at

PAGE = b'<!doctype html><meta name="generator" content="rfm-engine 0.1.0"><p>Report</p>'
BATCH_ROWS = 7


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return a snapshot in small record batches."""
    folder = tmp_path_factory.mktemp("served")
    table = snapshot_at(folder / "whole.arrow").customers
    place = folder / "customers.arrow"
    with pa.ipc.new_file(place, table.schema) as writer:
        writer.write_table(table, max_chunksize=BATCH_ROWS)
    return place


@pytest.fixture(scope="module")
def members(path) -> dict[str, list[int]]:
    """Return the customers of each segment."""
    found: dict[str, list[int]] = {}
    for row in rfm.read_snapshot(path).customers.to_pylist():
        found.setdefault(row["segment"], []).append(row["customer_id"])
    return found


def test_segments__are_those_of_the_summary(path):
    summary = rfm.read_snapshot(path).summary()
    answer = call(rfm.serve.app(path), "/v1/segments")
    keys = ("as_of", "customers", "customers_without_orders", "counted", "cuts", "segments")
    assert answer.json() == json.loads(json.dumps({key: summary[key] for key in keys}))
    again = call(
        rfm.serve.app(path), "/v1/segments", headers={"if-none-match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_lists__are_off_unless_asked_for(path, members):
    target = f"/v1/segments/{next(iter(members))}/customers"
    assert code_of(call(rfm.serve.app(path), target)) == (403, "no_lists")


def all_pages(app, segment: str, limit: int) -> list[list[int]]:
    """Return the customers on each page of a segment."""
    target = f"/v1/segments/{segment}/customers?fields=customer_id&limit={limit}"

    async def each(client):
        body = (await client.get(target)).json()
        pages = [body]
        while body["next"] is not None:
            body = (await client.get(f"{target}&after={body['next']}")).json()
            pages.append(body)
        return pages

    return [[row["customer_id"] for row in page["customers"]] for page in calls(app, each)]


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages__together_are_the_segment_in_order(path, members, limit):
    app = rfm.serve.app(path, lists=True)
    for segment, wanted in members.items():
        pages = all_pages(app, segment, limit)
        assert [who for page in pages for who in page] == wanted
        assert {len(page) for page in pages[:-1]} <= {limit}
        assert len(pages) <= len(wanted) // limit + 1
    assert len(members) > 3


def test_page__ends_after_a_number_of_rows(path, members):
    lookup = rfm.Lookup(path)
    rare = min(members, key=lambda name: len(members[name]))
    found, after = [], ...
    n_pages = 0
    while after is not None:
        page = members_of(lookup, Wanted(rare, after, 1000, ...), most_scanned=BATCH_ROWS)
        found += page.rows["customer_id"].to_pylist()
        n_pages, after = n_pages + 1, page.next
    assert found == members[rare]
    assert n_pages == -(-lookup.n_rows // BATCH_ROWS)


@pytest.mark.parametrize(
    ("ids", "kind", "after"),
    [
        ([1 << 62, (1 << 62) + 1], pa.int64(), str(1 << 62)),
        (["a/ü", "b"], pa.string(), "a/ü"),
        ([b"\xff", b"\xff0"], pa.binary(), "ff"),
    ],
)
def test_next_page__begins_after_a_text_for_ids_of_all_kinds(tmp_path, ids, kind, after):
    path = tmp_path / "customers.arrow"
    orders = orders_of(ids, kind, order_time=["2025-06-01"] * 2, amount=[1, 1])
    [member] = set(snapshot_at(path, orders).customers["segment"].to_pylist())
    app = rfm.serve.app(path, lists=True)
    target = f"/v1/segments/{member}/customers?limit=1"
    first = call(app, target).json()
    assert first["next"] == after
    second = call(app, target, params={"limit": 1, "after": after}).json()
    assert second["customers"][0]["customer_id"] not in (first["customers"][0]["customer_id"], None)
    assert second["next"] is None


def test_pages__have_whole_rows_with_the_earlier_segment(path, members, tmp_path):
    snapshot_at(tmp_path / "before.arrow", as_of="2025-06-30")
    app = rfm.serve.app(path, lists=True, before=tmp_path / "before.arrow")
    name = next(iter(members))
    body = call(app, f"/v1/segments/{name}/customers?limit=1").json()
    one = call(app, f"/v1/customers/{members[name][0]}").json()
    dates = {date: one.pop(date) for date in ("as_of", "previous_as_of")}
    assert body == dates | {"customers": [one], "segment": name, "next": body["next"]}


def test_pages__within_groups_have_one_group(tmp_path):
    path = tmp_path / "groups.arrow"
    orders = orders_of([1, 1, 2, 2, 3], shop=["a", "b", "a", "b", "b"])
    snapshot = snapshot_at(path, orders, by="shop", overall=True)
    app = rfm.serve.app(path, lists=True)
    wanted: dict = {}
    for row in snapshot.all_rows().to_pylist():
        wanted.setdefault((row["shop"], row["segment"]), []).append(row["customer_id"])
    for (shop, segment), ids in wanted.items():
        query = "" if shop is None else f"&group={shop}"
        body = call(app, f"/v1/segments/{segment}/customers?limit=9{query}").json()
        assert [row["customer_id"] for row in body["customers"]] == ids
        rest = call(app, f"/v1/segments/{segment}/customers?after={ids[0]}{query}").json()
        assert [row["customer_id"] for row in rest["customers"]] == ids[1:]
        assert {row["shop"] for row in body["customers"]} == {shop}


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("limit=0", (400, "bad_request")), ("limit=10001", (400, "bad_request")),
        ("limit=00010001", (400, "bad_request")), ("limit=000000001000000", (400, "bad_request")),
        ("limit=0" + "9" * 900, (400, "bad_request")),
        ("limit=x", (400, "bad_request")), ("limit=%D9%A1", (400, "bad_request")),
        ("after=x", (400, "bad_request")), ("offset=1", (400, "bad_request")),
        ("group=a", (400, "bad_request")), ("fields=x", (400, "unknown_field")),
    ],
)  # fmt: skip
def test_pages__refuse_wrong_parameters(path, members, query, refusal):
    app = rfm.serve.app(path, lists=True)
    assert code_of(call(app, f"/v1/segments/{next(iter(members))}/customers?{query}")) == refusal
    assert code_of(call(app, "/v1/segments/x/customers")) == (404, "unknown_segment")


def test_report__is_the_file(path, tmp_path):
    page, document = tmp_path / "report.html", tmp_path / "report.json"
    page.write_bytes(PAGE)
    rfm.report(rfm.read_snapshot(path)).save(document)
    app = rfm.serve.app(path, report=[page, document])
    shown = call(app, "/v1/report")
    assert shown.content == PAGE
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert call(app, "/v1/report.json").content == document.read_bytes()
    assert code_of(call(rfm.serve.app(path), "/v1/report")) == (404, "no_report")
    assert code_of(call(rfm.serve.app(path, report=page), "/v1/report.json")) == (404, "no_report")
