"""Bodies of requests: anything else than a few ids in time is refused."""

from __future__ import annotations

import asyncio
import json

import pytest

from rfm_engine.serve import gate, requests
from tests.serve.calls import (
    call,
    calls,
    code_of,
    exchange,
    look_up,
)

POST = b"/v1/customers"
JSON = (b"content-type", b"application/json")
HOST = (b"host", b"localhost")


def refusal(answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["error"]["code"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[1]", b"1", b"null", b"{}", b'{"ids": 1}', b'{"ids": null}', b'{"ids": "12"}',
        b'{"ids": [true]}', b'{"ids": [1.0]}', b'{"ids": [null]}', b'{"ids": [[1]]}',
        b'{"ids": [{}]}', b'{"ids": [NaN]}', b'{"ids": [Infinity]}', b'{"ids": [1],}',
        b'{"ids": [1], "ids": [2]}', b'{"ids": [1], "x": 1}', b'{"ids": [1], "groups": ["a"]}',
        b'{"ids": [1], "groups": [1.5]}', b'{"ids": [1], "fields": "segment"}',
        b'{"ids": [1], "fields": ["segments"]}', b'{"ids": ["x"]}',
        b'{"ids": [9223372036854775808]}',
        b'{"ids": ["\\ud800"]}', b'{"ids": ["\xff"]}', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}",
        b"[" * 60_000, b'{"ids": ' + b"[" * 60_000, b'{"ids": [' + b"9" * 60_000 + b"]}",
        b'{"ids": [1]} {}',
    ],
    ids=lambda body: body[:24],
)  # fmt: skip
def test_body__must_be_ids(app, body):
    answer = call(
        app, "/v1/customers", "POST", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert len(answer.content) < 400


def test_body__has_at_most_a_thousand_ids(app):
    most = requests.MOST_IDS
    assert look_up(app, ids=[1] * most).status_code == 200
    assert code_of(look_up(app, ids=[1] * (most + 1))) == (400, "too_many_ids")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_body__must_be_called_json(app, kind):
    headers = {} if kind is None else {"content-type": kind}
    answer = call(app, "/v1/customers", "POST", content=b'{"ids": [1]}', headers=headers)
    assert code_of(answer) == (415, "unsupported_media_type")


def test_body__may_name_its_encoding(app):
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert call(app, "/v1/customers", "POST", content=b'{"ids": [1]}', headers=headers).is_success


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "*/*;q=x", ";"])
def test_accept__must_allow_an_answer(app, accept):
    answer = call(app, "/v1/customers", "POST", json={"ids": [1]}, headers={"accept": accept})
    assert code_of(answer) == (406, "not_acceptable")


class Chunks:
    """Sends a body in pieces, and counts them."""

    def __init__(self, *pieces: bytes) -> None:
        self.left = list(pieces)

    async def __call__(self):
        piece = self.left.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.left)}


def test_body__that_is_too_long_is_not_read_to_its_end(app):
    declared = [HOST, JSON, (b"content-length", b"65537")]
    chunks = Chunks(b"x")
    answer = exchange(app, POST, "POST", declared, chunks)
    assert refusal(answer) == (413, "body_too_long")
    assert answer.headers[b"connection"] == b"close"
    assert chunks.left
    chunked = Chunks(*[b" " * 4_096] * 100)
    assert refusal(exchange(app, POST, "POST", [HOST, JSON], chunked)) == (413, "body_too_long")
    assert len(chunked.left) == 100 - 17
    for wrong in (b"-1", b"x", b"9" * 5_000):
        headers = [HOST, JSON, (b"content-length", wrong)]
        assert exchange(app, POST, "POST", headers, Chunks(b"")).status == 413


def test_body__of_just_the_limit_is_read(app):
    body = b'{"ids": [1]}'.ljust(requests.MOST_BODY_BYTES)
    assert exchange(app, POST, "POST", [HOST, JSON], Chunks(body[:9], body[9:])).status == 200


def test_body__that_is_too_slow_is_not_awaited(app, monkeypatch):
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.01)

    async def receive():
        await asyncio.sleep(60)

    answer = exchange(app, POST, "POST", [HOST, JSON], receive)
    assert refusal(answer) == (408, "too_slow")
    assert answer.headers[b"connection"] == b"close"


def test_requests__beyond_a_number_at_one_time_are_refused(app):
    async def crowd(client):
        go_on, waiting = asyncio.Event(), []

        async def slow_body():
            waiting.append(True)
            yield b'{"ids": '
            await go_on.wait()
            yield b"[1]}"

        headers = {"content-type": "application/json"}
        first = [
            asyncio.create_task(client.post("/v1/customers", content=slow_body(), headers=headers))
            for _ in range(gate.MOST_REQUESTS)
        ]
        while len(waiting) < gate.MOST_REQUESTS:
            await asyncio.sleep(0.01)
        refused, alive = await client.get("/v1/customers/1"), await client.get("/healthz")
        go_on.set()
        done = await asyncio.gather(*first)
        return refused, alive, done, await client.get("/v1/customers/1")

    refused, alive, done, after = calls(app, crowd)
    assert (*code_of(refused), refused.headers["retry-after"]) == (503, "busy", "1")
    assert alive.status_code == after.status_code == 200
    assert {each.status_code for each in done} == {200}


def test_connection__that_ends_early_is_no_failure(app):
    async def receive():
        return {"type": "http.disconnect"}

    assert exchange(app, POST, "POST", [HOST, JSON], receive).status == 400


def test_failure__of_the_server_shows_nothing(app):
    sent = []

    async def receive():
        raise RuntimeError("secret 4711")

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/customers", "query_string": b"",
        "headers": [HOST, JSON], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    with pytest.raises(RuntimeError, match="secret"):
        asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["code"] == "internal"
    assert b"4711" not in sent[1]["body"]


@pytest.mark.parametrize(
    ("content", "got"),
    [
        ('{"ids": [null]}', "got null. C"), ('{"ids": [true]}', "got true. C"),
        ('{"ids": [1e999]}', "got a number that is too large. C"), ('{"ids": "a"}', 'got "a". C'),
        ('{"ids": [[1]]}', "got a list. C"), ('{"ids": {}}', "got an object. C"),
    ],
)  # fmt: skip
def test_messages__write_values_as_json_does(app, content, got):
    answer = call(
        app, "/v1/customers", "POST", content=content, headers={"content-type": "application/json"}
    )
    assert code_of(answer) == (400, "bad_request")
    assert got in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/v1/segments?x=1", "query must be empty; got 'x'. Leave it out."),
        (
            "/v1/customers/1?" + "&".join("abcdefghijklmnopq"),
            "query must have at most 16 parameter",
        ),
        ("/v1/customers/1?group=%ff", "query must be percent-encoded UTF-8; got other bytes."),
        ("/v1/customers/1?group=a", "but by was not given. Leave group out."),
        ("/v1/customers", "method must be POST; got another. Use it."),
        ("/v1/report", "got none. Start it with --report report.html."),
    ],
)
def test_messages__say_what_to_do(app, target, said):
    assert said in call(app, target).json()["error"]["message"]
