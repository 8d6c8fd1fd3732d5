"""Clients that are slow, that send too much, or that are too many are cut off by a real server."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse
from itertools import repeat

import pytest

from tests.conftest import COMPILED
from tests.serve.customers import write_customers
from tests.serve.processes import ServiceProcess, running, until

pytestmark = pytest.mark.skipif(not COMPILED, reason="the processes do not depend on the compiler")
# 8 connections, 500 bytes, and seconds: 0.5 for a header, 1 for an answer, 2 idle.
PROGRAM = """
import json, sys, time
from rfm_engine.serve.limits import Limits
from rfm_engine.serve.process import Files, Surroundings, run_service
limits = Limits(8, 500, 0.5, 1, 2, 2)
around = Surroundings(None, time.time, lambda: None, print, limits)
def ready(found): print(json.dumps({"address": found.address}), flush=True)
run_service(Files(sys.argv[1], None, (sys.argv[2],)), around, ready, bind="127.0.0.1:0")
"""
N_PAGE_BYTES = 16_000_000  # more than the buffers of the system
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = (
    b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 12\r\n\r\n"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[ServiceProcess]:
    folder = tmp_path_factory.mktemp("limited")
    path = write_customers(folder / "customers.arrow", "2026-02-01")
    page = folder / "report.html"
    page.write_text('<meta name="generator" content="rfm-engine 1">' + "x" * N_PAGE_BYTES)
    with running([sys.executable, "-c", PROGRAM, str(path), str(page)], {}) as found:
        yield found
        assert found.process.poll() is None, "the server has crashed"


def read_to_end(client: socket.socket) -> bytes:
    """Return all that the server sends until it closes the connection."""
    found = b""
    try:
        while piece := client.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return found


def read_answer(client: socket.socket) -> int:
    """Read one answer; return its status."""
    answer = HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def is_cut_off(client: socket.socket, pieces: Iterable[bytes], seconds: float) -> bool:
    """Send pieces, each some seconds after the other; return whether the server goes away."""
    try:
        for each in pieces:
            client.sendall(each)
            time.sleep(seconds)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def test_clients__that_wait_are_cut_off(service):
    """No header, half a header, half a body, answers that are not read, or no further request."""
    half_body = POST + b'{"ids"'
    report = GET.replace(b"/healthz", b"/v1/report")
    with ExitStack() as clients:
        several = [clients.enter_context(service.connected()) for _ in range(7)]
        sent = (b"", b"\r\n", b"GET /hea", GET[:-2], half_body, GET, report)
        for client, data in zip(several, sent, strict=True):
            client.sendall(data)
        found = list(map(read_to_end, several))
        assert found[:4] == [b""] * 4
        assert b" 200 OK" not in found[4]
        assert found[5].startswith(b"HTTP/1.1 200 OK\r\n")
        assert 0 < len(found[6]) < N_PAGE_BYTES


def test_clients__that_send_one_byte_at_a_time_are_cut_off(service):
    drips = [b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 400, b"\r\n" * 200]
    refused = POST.replace(b"application/json", b"text/plain").replace(b"12", b"999")
    with ExitStack() as clients, ThreadPoolExecutor(5) as pool:
        several = [clients.enter_context(service.connected()) for _ in range(5)]
        for client, first in zip(several, (b"", b"", GET, GET, refused), strict=True):
            client.sendall(first)
            assert not first or read_answer(client) in (200, 415)
        sent = [[b"%c" % byte for byte in data] for data in (*drips, *drips, b"x" * 500)]
        found = pool.map(is_cut_off, several, sent, repeat(0.02))
        assert list(found) == [True] * 5


def test_connection__is_kept_between_requests(service):
    with service.connected() as client:
        client.sendall(GET)
        assert read_answer(client) == 200
        time.sleep(1)  # longer than a header may take
        client.sendall(GET)
        assert read_answer(client) == 200


def test_requests__in_one_piece_are_answered_in_order(service):
    with service.connected() as client:
        unknown = GET.replace(b"/healthz", b"/nowhere")
        client.sendall(GET + unknown + GET[:20])
        time.sleep(0.1)
        client.sendall(GET[20:-2] + b"Connection: close\r\n\r\n")
        words = [b"200 OK", b"404 Not Found", b"200 OK"]
        answers = read_to_end(client).split(b"HTTP/1.1 ")[1:]
        assert [each.partition(b"\r\n")[0] for each in answers] == words


@pytest.mark.parametrize("n_pieces", [1, 5])
@pytest.mark.parametrize(
    "request_line", [b"GET /" + b"a" * 600, b"GET /healthz HTTP/1.1\r\nX: " + b"b" * 600]
)
def test_header__that_is_too_long_is_refused(service, request_line, n_pieces):
    with service.connected() as client:
        whole = request_line + (b" HTTP/1.1" if b"HTTP" not in request_line else b"") + b"\r\n\r\n"
        size = -(-len(whole) // n_pieces)
        for start in range(0, len(whole), size):
            client.sendall(whole[start : start + size])
            time.sleep(0.02)
        answer = read_to_end(client)
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert b'"code":"long_header"' in answer
        assert b"x-content-type-options: nosniff\r\n" in answer
        assert b"connection: close\r\n" in answer


def test_header__that_never_ends_is_refused_before_its_end(service):
    with service.connected() as client:
        client.sendall(b"GET /")
        for _ in range(6):
            time.sleep(0.02)
            client.sendall(b"a" * 100)
        assert read_to_end(client).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        GET.replace(b"z ", "ü ".encode()), GET.replace(b"GET", b"BREW"),
        GET[:-2] + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    ],
)  # fmt: skip
def test_bytes__that_are_no_http_are_refused(service, sent):
    with service.connected() as client:
        client.sendall(sent)
        answer = read_to_end(client)
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"Percent-encode the address" in answer


def test_answers__of_the_server_itself_are_counted(service):
    def n_of(status: int) -> int:
        text = service.get("/metrics").body.decode()
        return int(text.partition(f'rfm_requests_total{{status="{status}"}} ')[2].split()[0])

    before = n_of(400), n_of(431)
    for sent in (b"GET\r\n\r\n", b"GET /" + b"a" * 600 + b" HTTP/1.1\r\n\r\n"):
        with service.connected() as client:
            client.sendall(sent)
            read_to_end(client)
    assert (n_of(400), n_of(431)) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize(
    ("host", "header", "status"),
    [
        (b"evil.example", b"localhost", 403), (b"evil.example:80", b"localhost", 403),
        (b"localhost:1", b"evil.example", 200), (b"[::1]", b"x", 200), (b"[::2]", b"[::1]", 403),
    ],
)  # fmt: skip
def test_host__is_that_of_the_address_if_it_has_one(service, host, header, status):
    with service.connected() as client:
        client.sendall(b"GET http://%s/v1/segments HTTP/1.1\r\nHost: %s\r\n\r\n" % (host, header))
        assert read_answer(client) == status


def test_websocket__is_no_way_in(service):
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    with service.connected() as client:
        client.sendall(GET[:-2] + upgrade + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        assert read_answer(client) == 200


IDS = b'{"ids": [1]}'
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
LAST = GET[:-2] + b"Connection: close\r\n\r\n"
CHUNKED = POST.replace(b"Content-Length: 12", b"Transfer-Encoding: chunked")


@pytest.mark.parametrize("is_divided", [False, True])
@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        ((POST[:-2] + H2C + b"\r\n", IDS, LAST), [200, 200]),
        ((CHUNKED[:-2] + H2C + b"\r\n", b"c\r\n" + IDS + b"\r\n0\r\n\r\n", LAST), [200, 200]),
        ((POST[:-2].replace(b"12", b"%d" % len(LAST)) + H2C + b"\r\n", LAST, LAST), [400, 200]),
        ((*(GET[:-2] + H2C + b"\r\n",) * 3, LAST), [200] * 4),
        ((b"CONNECT /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", GET), [400]),
    ],
)
def test_upgrade__is_ignored_and_the_body_is_never_a_request(service, sent, statuses, is_divided):
    """Java's client and `curl --http2` ask for an upgrade by default."""
    with service.connected() as client:
        for piece in sent if is_divided else (b"".join(sent),):
            client.sendall(piece)
            time.sleep(0.02)
        answers = read_to_end(client).split(b"HTTP/1.1 ")[1:]
    assert [int(each[:3]) for each in answers] == statuses


@pytest.mark.parametrize(
    ("hosts", "status"), [((b"evil.example", b"localhost"), 403), ((b"localhost", b"evil"), 200)]
)
def test_trailers__are_no_header(service, hosts, status):
    header, trailer = hosts
    with service.connected() as client:
        client.sendall(CHUNKED.replace(b"localhost", header) + b"c\r\n" + IDS + b"\r\n0\r\n")
        client.sendall(b"Host: " + trailer + b"\r\n\r\n")
        assert read_answer(client) == status


@pytest.mark.parametrize(
    ("begin", "piece"),
    [(b"0\r\n", b"A: b\r\n"), (b"0\r\nA: ", b"a" * 100), (b"1;", b"a" * 100)],
)
def test_trailers__and_extensions_of_chunks_that_never_end_are_cut_off(service, begin, piece):
    with service.connected() as client:
        client.sendall(CHUNKED + begin)
        assert is_cut_off(client, [piece] * 400, 0.001)


def test_connections__beyond_the_limit_are_told_to_come_back(service):
    def is_free() -> bool:
        return service.get("/healthz").status == 200

    until(is_free)
    held = [service.connected() for _ in range(8)]
    try:
        for each in held:
            each.sendall(GET)
            assert read_answer(each) == 200
        answer = service.get("/healthz")
        assert answer.status == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["connection"] == "close"
        assert answer.json["error"]["code"] == "busy"
        held += [service.connected() for _ in range(8)]
        with service.connected() as beyond:  # twice the limit: not even read
            assert read_to_end(beyond) == b""
    finally:
        for each in held:
            each.close()
    until(is_free)
