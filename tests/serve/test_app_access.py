"""Who may read, and what: other requests have a status and a code, and nothing is logged."""

from __future__ import annotations

import json
import logging
import sys

import pytest

import rfm_engine as rfm
from rfm_engine.serve import gate
from tests.serve.calls import (
    OTHER_TOKEN,
    TOKEN,
    bearer,
    call,
    code_of,
    exchange,
    look_up,
    orders_of,
    snapshot_at,
)

HOST = (b"host", b"localhost")
GET_PATHS = (
    "/v1/customers/1", "/v1/customers/1/explain", "/v1/segments", "/v1/segments/a/customers",
    "/v1/report", "/v1/report.json", "/metrics", "/none", "/",
)  # fmt: skip
OPEN_PATHS = ("/healthz", "/readyz")


@pytest.fixture(scope="module")
def closed_app(path):
    return rfm.serve.app(path, token=[TOKEN, OTHER_TOKEN])


def refusal(answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["error"]["code"]


@pytest.mark.parametrize("target", [*GET_PATHS, *OPEN_PATHS])
def test_token__is_needed_everywhere_except_for_health(closed_app, target):
    is_open = target in OPEN_PATHS
    assert (call(closed_app, target).status_code == 401) is not is_open
    answer = call(closed_app, target)
    assert is_open or answer.headers["www-authenticate"] == 'Bearer realm="rfm"'
    for token in (TOKEN, OTHER_TOKEN):
        assert call(closed_app, target, headers=bearer(token)).status_code in (200, 403, 404)


@pytest.mark.parametrize(
    "given",
    [
        [], [b""], [b"Bearer"], [b"Bearer "], [TOKEN.encode()], [b"Basic " + TOKEN.encode()],
        [b"Bearer " + TOKEN.encode()[:-1]], [b"Bearer " + TOKEN.encode() + b"x"],
        [b"Bearer " + TOKEN.encode()] * 2, [b"Bearer " + TOKEN.upper().encode()],
        [b"Bearer \xff" + TOKEN.encode()], [b"Bearer " + f"{TOKEN},{OTHER_TOKEN}".encode()],
    ],
)  # fmt: skip
def test_token__must_be_one_of_those_of_the_service(closed_app, given):
    headers = [HOST, *((b"authorization", each) for each in given)]
    assert refusal(exchange(closed_app, b"/v1/segments", headers=headers)) == (401, "unauthorized")


def test_token__may_come_from_any_host(closed_app):
    assert call(closed_app, "/v1/segments", base="http://x.test", headers=bearer()).is_success
    assert call(closed_app, "/v1/segments", headers={"authorization": f"bearer {TOKEN}"}).is_success


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]", "[::1]:1"])
def test_host__of_this_machine_needs_no_token(app, host):
    assert exchange(app, b"/v1/segments", headers=[(b"host", host.encode())]).status == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [], [b"evil.test"], [b"localhost.evil.test"], [b"localhost@evil.test"], [b"localhost:x"],
        [b"localhost", b"evil.test"], [b"::1"], [b"127.0.0.1.nip.io"], [b""], [b"localhost\n"],
    ],
)  # fmt: skip
def test_host__of_other_names_is_refused_without_a_token(app, hosts):
    headers = [(b"host", each) for each in hosts]
    assert refusal(exchange(app, b"/v1/customers/1", headers=headers)) == (403, "wrong_host")


def test_host__may_be_named(path):
    app = rfm.serve.app(path, hosts=["crm.test"])
    assert call(app, "/v1/segments", base="http://crm.test:81").status_code == 200
    assert call(app, "/v1/segments").status_code == 403


@pytest.mark.parametrize(
    ("target", "method", "allowed"),
    [
        ("/v1/customers/1", "POST", "GET, HEAD"), ("/v1/customers/1", "OPTIONS", "GET, HEAD"),
        ("/v1/customers", "GET", "POST"), ("/v1/customers", "OPTIONS", "POST"),
        ("/v1/segments", "DELETE", "GET, HEAD"), ("/healthz", "PUT", "GET, HEAD"),
        ("/metrics", "TRACE", "GET, HEAD"),
    ],
)  # fmt: skip
def test_methods__that_an_address_does_not_have_are_refused(app, target, method, allowed):
    answer = call(app, target, method)
    assert (*code_of(answer), answer.headers["allow"]) == (405, "method_not_allowed", allowed)
    assert not {name for name in answer.headers if name.startswith("access-control")}


@pytest.mark.parametrize(
    "target", ["/", "/v1", "/v2/customers/1", "/v1/customers/1/", "/v1/segments/"]
)
def test_addresses__that_do_not_exist_are_refused(app, target):
    assert code_of(call(app, target)) == (404, "no_address")


def test_path__must_be_short(app):
    most = gate.MOST_PATH_BYTES
    start = "/v1/customers/"
    assert code_of(call(app, start + "1" * (most - len(start)))) == (400, "bad_request")
    assert code_of(call(app, start + "1" * (most + 1 - len(start)))) == (414, "path_too_long")
    assert code_of(call(app, start + "1?group=" + "a" * most)) == (414, "path_too_long")


def test_damaged_row__is_an_error_of_the_server(tmp_path):
    path = tmp_path / "customers.arrow"
    (tmp_path / "attributes.csv").write_text("customer_id,city\n1,Paris\n2,Lyon\n")
    snapshot_at(path, orders_of([1, 2]), attributes=tmp_path / "attributes.csv")
    content = path.read_bytes()
    assert content.count(b"ParisLyon") == 1
    path.write_bytes(content.replace(b"ParisLyon", b"P\xff\xff\xffsLyon"))
    app = rfm.serve.app(path)
    assert code_of(call(app, "/v1/customers/1")) == (500, "damaged")


def test_refusals__are_not_logged(app, closed_app, caplog):
    caplog.set_level(logging.INFO, "rfm_engine")
    for each in (app, closed_app):
        for target in ("/v1/customers/4711", "/v1/customers/x4711", "/v1/customers/4711/explain"):
            call(each, target)
        look_up(each, ids=["4711", "x4711"])
    assert not [record for record in caplog.records if "4711" in record.getMessage()
                and not record.name.startswith("httpx")]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "short"}, {"token": ["a" * 32, "b" * 31]}, {"token": "ü" * 32}, {"token": ""},
        {"token": "a b" * 32}, {"token": []}, {"hosts": "localhost"}, {"hosts": ["localhost:80"]},
        {"hosts": [1]}, {"hosts": ["a b:c"]}, {"ready_max_age": "26h"}, {"clock": lambda: 0.0},
        *({"ready_max_age": age, "clock": float} for age in ("0h", "26", "9999d", 26, "1.5h")),
    ],
)  # fmt: skip
def test_options__must_be_right(path, wrong):
    with pytest.raises(rfm.UsageError) as refused:
        rfm.serve.app(path, **wrong)
    assert "must" in str(refused.value)
    assert "\n" not in str(refused.value)
    token = wrong.get("token")
    assert not token or str(token) not in str(refused.value)


def test_app__without_starlette_names_the_extra(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    with pytest.raises(rfm.UsageError, match=r"the extra \[serve\]; got none\. Run: pip install"):
        rfm.serve.app(path)
