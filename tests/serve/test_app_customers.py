"""Customers over HTTP: every answer is a row of the snapshot, to the last digit."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests.serve.calls import call, calls, code_of, exchange, look_up, orders_of, snapshot_at

ARROW = "application/vnd.apache.arrow.stream"
ODD = ["", "a/b", "a/explain", "\0", "ü😀", "a b+c", "%2F", "..", "x\ny", "?fields=a", "ids", "#"]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("served") / "customers.arrow"
    snapshot_at(place, facts=True)
    return place


@pytest.fixture(scope="module")
def rows(path) -> list[dict]:
    return rfm.read_snapshot(path).customers.to_pylist()


def plain(value: object) -> object:
    """Return a value as the service writes it, by another method."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").removesuffix(".000000") + "Z"
    if isinstance(value, bytes):
        return "".join(f"{byte:02x}" for byte in value)
    return str(value) if isinstance(value, Decimal | date | UUID) else value


AS_OF = {"as_of": "2025-12-31"}


def plain_row(row: dict) -> dict:
    return {name: plain(value) for name, value in row.items()}


def test_customer__is_the_row_of_the_snapshot(path, rows):
    app = rfm.serve.app(path)

    async def each(client):
        return [await client.get(f"/v1/customers/{row['customer_id']}") for row in rows]

    answers = calls(app, each)
    assert [answer.json() for answer in answers] == [plain_row(row) | AS_OF for row in rows]
    assert {answer.status_code for answer in answers} == {200}


def test_customer__has_the_fields_that_are_asked_for_in_their_order(path, rows):
    row = plain_row(rows[3])
    answer = call(
        rfm.serve.app(path), f"/v1/customers/{row['customer_id']}?fields=segment,monetary"
    )
    assert list(answer.json().items()) == [
        ("segment", row["segment"]), ("monetary", row["monetary"]), ("as_of", "2025-12-31")
    ]  # fmt: skip


def test_customer__of_another_id_is_not_found(path):
    app = rfm.serve.app(path)
    assert code_of(call(app, "/v1/customers/4711")) == (404, "unknown_customer")
    for wrong in ("x", "1.0", "", "%20", str(1 << 63), "1%00", "true", "1?group=a", "%FF"):
        assert code_of(call(app, f"/v1/customers/{wrong}")) == (400, "bad_request"), wrong


@pytest.mark.parametrize(
    "query", ["fields=segments", "fields=", "field=segment", "fields=r_score&fields=m_score", "%FF",
              "fields=%FF", "&".join(f"a{n}=1" for n in range(20))],
)  # fmt: skip
def test_customer__refuses_queries_that_it_does_not_know(path, rows, query):
    answer = call(rfm.serve.app(path), f"/v1/customers/{rows[0]['customer_id']}?{query}")
    assert answer.status_code == 400


def test_customer__with_its_tag_is_not_sent_again(path, rows, tmp_path):
    app, target = rfm.serve.app(path), f"/v1/customers/{rows[0]['customer_id']}"
    tag = call(app, target).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = call(app, target, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert call(app, target, headers={"if-none-match": '"other"'}).status_code == 200
    assert call(app, "/v1/customers/4711", headers={"if-none-match": tag}).status_code == 404
    snapshot_at(tmp_path / "same.arrow", facts=True)
    assert call(rfm.serve.app(tmp_path / "same.arrow"), target).headers["etag"] != tag


def test_customer__to_head_is_only_the_head(path, rows):
    app, target = rfm.serve.app(path), f"/v1/customers/{rows[0]['customer_id']}".encode()
    full, head = exchange(app, target), exchange(app, target, "HEAD")
    assert head == full._replace(body=b"")
    assert int(head.headers[b"content-length"]) == len(full.body)


def test_customer__of_any_text_is_found_by_its_encoded_id(tmp_path):
    path = tmp_path / "odd.arrow"
    snapshot = snapshot_at(path, orders_of(ODD), ids="text")
    rows = {row["customer_id"]: plain_row(row) for row in snapshot.customers.to_pylist()}
    app = rfm.serve.app(path)
    assert rows.keys() == set(ODD)
    for who in ODD:
        target = f"/v1/customers/{quote(who, safe='')}".encode()
        assert json.loads(exchange(app, target).body) == rows[who] | AS_OF
        story = json.loads(exchange(app, target + b"/explain").body)
        assert story["customer"] == rows[who]
    assert exchange(app, b"/v1/customers/" + "ü😀".encode()).status == 200  # not encoded at all
    assert exchange(app, b"/v1/customers/a/b").status == 404  # no address


def test_customer__of_bytes_is_hexadecimal(tmp_path):
    path = tmp_path / "bytes.arrow"
    snapshot_at(path, orders_of([b"\xff\x00", b""], pa.binary()))
    app = rfm.serve.app(path)
    assert call(app, "/v1/customers/FF00").json()["customer_id"] == "ff00"
    assert call(app, "/v1/customers/").json()["customer_id"] == ""
    for wrong in ("xy", "%20", "ff%2000", "f"):
        assert code_of(call(app, f"/v1/customers/{wrong}")) == (400, "bad_request")
    assert "got 'xy'. Give each byte as two digits" in call(app, "/v1/customers/xy").text
    assert look_up(app, ids=["ff00", "ff"]).json()["customers"][1] is None


def test_customers__come_in_the_order_of_the_request(path, rows):
    app = rfm.serve.app(path)
    first, second = plain_row(rows[0]), plain_row(rows[1])
    ids = [second["customer_id"], 4711, str(first["customer_id"]), second["customer_id"]]
    body = look_up(app, ids=ids).json()
    assert body == {"as_of": "2025-12-31", "customers": [second, None, first, second]}
    some = look_up(app, ids=[ids[0], 4711], fields=["segment"]).json()["customers"]
    assert some == [{"segment": second["segment"]}, None]
    assert look_up(app, ids=[]).json()["customers"] == []


def test_customers__as_an_arrow_stream_are_those_of_the_lookup(path, rows):
    ids = [row["customer_id"] for row in rows[:5]] + [4711]
    answer = call(
        rfm.serve.app(path), "/v1/customers", "POST", json={"ids": ids}, headers={"accept": ARROW}
    )
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.to_pylist() == rfm.Lookup(path).get_many(ids).to_pylist()
    assert table.schema.metadata == {b"as_of": b"2025-12-31"}
    assert answer.headers["content-type"] == ARROW
    assert answer.headers["vary"] == "accept"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/*;q=0.5, text/html", "application/json"),
        (f"{ARROW}, application/json;q=0.9", ARROW),
        (f"{ARROW};q=0.1, application/json", "application/json"),
        (f"{ARROW}, */*", ARROW),
        ("application/json;q=0, */*;q=0.1", ARROW),
    ],
)
def test_customers__have_the_type_that_the_client_prefers(path, accept, kind):
    app = rfm.serve.app(path)
    answer = call(app, "/v1/customers", "POST", json={"ids": [1]}, headers={"accept": accept})
    assert answer.headers["content-type"] == kind


def test_groups__are_chosen_by_the_request(tmp_path):
    path = tmp_path / "groups.arrow"
    orders = orders_of([1, 1, 2, 2], shop=["a", "b", "a", "b"])
    snapshot = snapshot_at(path, orders, by="shop", overall=True)
    own = {(row["customer_id"], row["shop"]): row for row in snapshot.all_rows().to_pylist()}
    app = rfm.serve.app(path)
    assert call(app, "/v1/customers/2?group=b").json() == plain_row(own[2, "b"]) | AS_OF
    assert call(app, "/v1/customers/2").json() == plain_row(own[2, None]) | AS_OF
    body = look_up(app, ids=[2, 2, 1], groups=["b", "c", "a"]).json()
    assert body["customers"] == [plain_row(own[2, "b"]), None, plain_row(own[1, "a"])]
    assert look_up(app, ids=[2], groups=[]).status_code == 400
    together = call(app, "/v1/customers/2/explain").json()
    assert together["segment"] == own[2, None]["segment"]
    assert "shop" not in together["customer"]
    assert code_of(call(app, "/v1/customers/2/explain?group=b")) == (400, "not_explained")


def test_groups__must_be_given_without_rows_of_all_together(tmp_path):
    path = tmp_path / "groups.arrow"
    snapshot_at(path, orders_of([1, 2], shop=pa.array(["a", None])), by="shop")
    app = rfm.serve.app(path)
    assert code_of(call(app, "/v1/customers/1")) == (400, "bad_request")
    assert code_of(call(app, "/v1/customers/1/explain")) == (400, "not_explained")
    assert look_up(app, ids=[2], groups=[None]).json()["customers"][0]["customer_id"] == 2


def test_explanation__is_the_one_of_the_snapshot(path, rows):
    app, snapshot = rfm.serve.app(path), rfm.read_snapshot(path)
    for row in rows[::7]:
        [story] = rfm.explain(snapshot, [row["customer_id"]])
        assert call(app, f"/v1/customers/{row['customer_id']}/explain").json() == {
            "as_of": "2025-12-31",
            "customer": plain_row(row),
            "axes": [each._asdict() for each in story.axes],
            "segment": story.segment,
            "rule": story.rule,
            "near": [{"segment": name, "missing": [*parts]} for name, parts in story.near],
        }


def test_before__shows_the_earlier_segment(path, rows, tmp_path):
    before = snapshot_at(tmp_path / "before.arrow", as_of="2025-06-30")
    then = {row["customer_id"]: row["segment"] for row in before.customers.to_pylist()}
    app = rfm.serve.app(path, before=tmp_path / "before.arrow")
    moved = [
        {"previous_segment": then.get(row["customer_id"]),
         "changed": row["segment"] != then.get(row["customer_id"])}
        for row in rows
    ]  # fmt: skip
    assert {each["changed"] for each in moved} == {True, False}
    wanted = [plain_row(row) | each for row, each in zip(rows, moved, strict=True)]
    ids = [row["customer_id"] for row in rows]
    body = look_up(app, ids=[*ids, 4711]).json()
    assert body["customers"] == [*wanted, None]
    assert (body["as_of"], body["previous_as_of"]) == ("2025-12-31", "2025-06-30")
    one = call(app, f"/v1/customers/{ids[0]}?fields=changed,previous_segment").json()
    assert one == moved[0] | {"as_of": "2025-12-31", "previous_as_of": "2025-06-30"}
    tag = call(rfm.serve.app(path), f"/v1/customers/{ids[0]}").headers["etag"]
    assert call(app, f"/v1/customers/{ids[0]}").headers["etag"] != tag


def test_before__needs_rows_of_all_groups_together_too(tmp_path):
    orders = orders_of([1, 2], shop=["a", "b"])
    snapshot_at(tmp_path / "all.arrow", orders, by="shop", overall=True)
    snapshot_at(tmp_path / "groups.arrow", orders, by="shop")
    with pytest.raises(rfm.UsageError, match="must have rows of all groups together"):
        rfm.serve.app(tmp_path / "all.arrow", before=tmp_path / "groups.arrow")
    app = rfm.serve.app(tmp_path / "groups.arrow", before=tmp_path / "all.arrow")
    assert call(app, "/v1/customers/1?group=a").json()["changed"] is False


IDS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8, unique=True),
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=8, unique=True),
    st.lists(st.text(max_size=6), min_size=1, max_size=8, unique=True),
)


@given(IDS, st.integers(0, 2**63 - 1) | st.text(max_size=6))
def test_answers__are_the_rows_of_any_snapshot(ids, other):
    is_text = isinstance(ids[0], str)
    kind = pa.string() if is_text else pa.uint64() if min(ids) >= 0 else pa.int64()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "customers.arrow"
        mode = {"ids": "text"} if is_text else {}
        snapshot = snapshot_at(path, orders_of(ids, kind), **mode)
        rows = {row["customer_id"]: plain_row(row) for row in snapshot.customers.to_pylist()}
        app = rfm.serve.app(path)
        for who in ids:
            target = f"/v1/customers/{quote(str(who), safe='')}".encode()
            assert json.loads(exchange(app, target).body) == rows[who] | AS_OF
        body = look_up(app, ids=[str(who) for who in ids])
        assert body.json()["customers"] == [rows[who] for who in ids]
        target = f"/v1/customers/{quote(str(other), safe='')}".encode()
        is_known = str(other) in map(str, ids)
        assert is_known or exchange(app, target).status in (400, 404)
