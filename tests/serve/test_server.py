"""A running `rfm serve`: what it prints, how it ends, and new files while requests go on."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.conftest import COMMAND
from tests.conftest import COMPILED
from tests.serve.customers import replace, write_customers
from tests.serve.processes import SECONDS, asked, serving, until

pytestmark = pytest.mark.skipif(not COMPILED, reason="the processes do not depend on the compiler")
TOKEN, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
PLANTED = [f"person{n}@example.com/{'ä' * n}" for n in range(20)]


@pytest.fixture
def path(tmp_path) -> Path:
    return write_customers(tmp_path / "customers.arrow", "2026-02-01", PLANTED)


def token_file(tmp_path: Path) -> Path:
    place = tmp_path / "token"
    place.write_text(f"{TOKEN}\n{OTHER}\n")
    place.chmod(0o600)
    return place


def test_service__answers_and_prints_nothing_of_a_customer(path, tmp_path):
    with serving(path, "--token-file", token_file(tmp_path), "--lists") as service:
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", service.said["address"])
        assert service.said | {"address": ""} == {
            "address": "", "snapshot": str(path), "customers": 20, "as_of": "2026-02-01",
        }  # fmt: skip
        assert service.get("/healthz").status == 200
        assert service.get(f"/v1/customers/{quote(PLANTED[3], safe='')}").status == 401
        for service.token in (TOKEN, OTHER):
            for n, each in enumerate(PLANTED):
                found = service.get(f"/v1/customers/{quote(each, safe='')}")
                assert found.status == 200
                assert found.json["customer_id"] == each
                assert found.json["monetary"] == f"{n}.01"
        kept = service.connection()
        bad = b'{"ids": ["' + PLANTED[5].encode() + b'", NaN]}'
        headers = service.headers({"Content-Type": "application/json"})
        assert asked(kept, "POST", "/v1/customers", bad, headers=headers).status == 400
        kept.close()
        for wrong in ("?x=", "?fields=", "/explain?y="):
            assert service.get(f"/v1/customers/person1{wrong}person1").status == 400
        assert service.get("/v1/customers/person1").status == 404
        with service.connected() as raw:
            raw.sendall(b"person1 is no HTTP\r\n\r\n")
            assert raw.recv(65536).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert service.stop() == 143
    assert service.stdout == b""
    assert service.stderr == b"error: terminated\n"


def test_service__on_a_socket_ends_by_ctrl_c_and_deletes_it(path, tmp_path):
    place = tmp_path / "rfm.sock"
    with serving(path, "--socket", place) as service:
        assert service.said["address"] == f"unix:{place}"
        assert service.get("/v1/segments").status == 200
        assert service.get("/v1/segments", Host="evil.example").status == 403
        assert service.stop(signal.SIGINT) == 130
    assert service.stderr == b"error: interrupted\n"
    assert not place.exists()


def test_service__finishes_requests_before_it_ends(path):
    with serving(path) as service, service.connected() as client, service.connected() as idle:
        body = b'{"ids": ["' + PLANTED[7].encode() + b'"]}'
        head = f"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        client.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body[:5])
        until(lambda: service.get("/healthz").status == 200)
        service.process.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""  # it stops to wait for requests
        client.sendall(body[5:])
        answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert PLANTED[7].encode() in answer
        assert service.stop() == 143


def test_service__ends_at_once_at_a_second_ctrl_c(path):
    with serving(path) as service, service.connected() as client, service.connected() as idle:
        client.sendall(
            b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n"
            b"Content-Type: application/json\r\n\r\n{"
        )
        until(lambda: service.get("/healthz").status == 200)
        service.process.send_signal(signal.SIGINT)
        assert idle.recv(1) == b""  # it stops to wait for requests
        assert service.stop(signal.SIGINT) == 130
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b'{"error":{"code":"busy","message":"request must end before' in answer
    assert service.stderr == b"error: interrupted\n"


def test_service__swaps_files_while_requests_go_on(path):
    """No request fails, and every answer is a row of one of the two files."""
    days, seen, failed = {}, set(), []
    with serving(path) as service:
        address = f"/v1/customers/{quote(PLANTED[9], safe='')}"
        enough = threading.Event()

        def ask() -> None:
            kept = service.connection()
            while not enough.is_set():
                found = asked(kept, "GET", address)
                row = found.json if found.status == 200 else {}
                pair = found.json.get("as_of"), row.get("monetary")
                if pair not in {("2026-02-01", "9.01"), ("2026-02-02", "9.02")}:
                    failed.append(found)
                seen.add(pair)
                days[found.headers.get("etag")] = pair
            kept.close()

        clients = [threading.Thread(target=ask) for _ in range(3)]
        for each in clients:
            each.start()
        try:
            newer = write_customers(path.with_name("newer.arrow"), "2026-02-02", PLANTED)
            replace(path, newer.read_bytes()[:-9])
            until(lambda: service.get("/readyz").status == 503)
            assert "newer" not in service.get("/readyz").json["reason"]
            assert str(path) in service.get("/readyz").json["reason"]
            assert service.get("/v1/segments").json["as_of"] == "2026-02-01"
            replace(path, newer)
            until(lambda: service.get("/readyz").status == 200)
            until(lambda: len(seen) == 2)
        finally:
            enough.set()
            for each in clients:
                each.join()
        assert failed == []
        assert len(days) == 2
        assert b"rfm_snapshot_swaps_total 1\n" in service.get("/metrics").body
        assert service.stop() == 143


def test_service__says_in_one_line_that_it_is_ready(path, tmp_path):
    place = tmp_path / "rfm.sock"
    command = [*COMMAND, "serve", str(path), "--socket", str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            said = process.stderr.readline().decode()
            process.terminate()
            assert process.communicate(timeout=SECONDS) == (b"", b"error: terminated\n")
        finally:
            process.kill()
    assert said == f"serving 20 customers as of 2026-02-01 from {path} on unix:{place}\n"
