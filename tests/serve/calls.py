"""Call the service in this process, and make files for it to serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pyarrow as pa

import rfm_engine as rfm
from rfm_engine.simulate import simulate

LOCAL = "http://localhost"
TOKEN, OTHER_TOKEN = "one-token-of-more-than-32-bytes!!", "another-token-of-32-bytes-or-more"


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def snapshot_at(
    path: Path, orders: Any = None, as_of: str = "2025-12-31", **options: Any
) -> rfm.Snapshot:
    """Score some orders to a sorted file."""
    orders = simulate(customers=40, orders=120, ids="dense") if orders is None else orders
    rfm.score(orders, as_of=as_of, sort="customer", output=path, **options)
    return rfm.read_snapshot(path)


def orders_of(customers: Sequence[Any], kind: pa.DataType | None = None, **more: Any) -> pa.Table:
    """Return one order per customer, of different days and amounts."""
    n = len(customers)
    return pa.table(
        {
            "customer_id": pa.array(customers, kind),
            "order_time": [f"2025-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(n)],
            "amount": [Decimal(10_000 + 707 * i).scaleb(-2) for i in range(n)],
            **more,
        }
    )


def calls(app: Any, work: Callable[[httpx.AsyncClient], Awaitable[Any]], base: str = LOCAL) -> Any:
    """Run some requests against an application in one event loop."""

    async def run() -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await work(client)

    return asyncio.run(run())


def call(app: Any, target: str, method: str = "GET", base: str = LOCAL, **more: Any) -> Any:
    """Return the response to one request."""
    return calls(app, lambda client: client.request(method, target, **more), base)


def look_up(app: Any, **body: Any) -> Any:
    """Return the response to a request for many customers."""
    return call(app, "/v1/customers", "POST", json=body)


class Answer(NamedTuple):
    """What an application sent, byte by byte."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


def exchange(
    app: Any,
    target: bytes,
    method: str = "GET",
    headers: Sequence[tuple[bytes, bytes]] = ((b"host", b"localhost"),),
    receive: Callable[[], Awaitable[dict[str, Any]]] | None = None,
    **scope: Any,
) -> Answer:
    """Send a request that no client library would send."""
    path, _, query = target.partition(b"?")
    sent: list[dict[str, Any]] = []

    async def nothing() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    about = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": method, "path": path.decode("latin-1"), "raw_path": path, "root_path": "",
        "query_string": query, "headers": list(headers),
    }  # fmt: skip
    asyncio.run(app(about | scope, receive or nothing, send))
    head, *bodies = sent
    body = b"".join(each["body"] for each in bodies)
    return Answer(head["status"], dict(head["headers"]), body)


def code_of(response: Any) -> tuple[int, str]:
    """Return the status and the code of a request that was refused."""
    return response.status_code, response.json()["error"]["code"]
