"""What those who operate the service see: alive, ready, counters; and new files."""

from __future__ import annotations

import asyncio
import os
import re

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

import rfm_engine as rfm
from rfm_engine.serve.metrics import Metrics, metrics_bytes
from rfm_engine.serve.snapshots import Snapshots
from rfm_engine.serve.watching import Watching
from tests.serve.calls import (
    TOKEN,
    bearer,
    call,
    calls,
    exchange,
    look_up,
    orders_of,
    snapshot_at,
)


@pytest.fixture
def path(tmp_path):
    place = tmp_path / "customers.arrow"
    snapshot_at(place, orders_of([1, 2, 3]))
    return place


def counters(text: str) -> dict[str, float]:
    """Return the values of a text for Prometheus, and check the form of each line."""
    form = re.compile(
        r"# HELP \w+ .+|# TYPE \w+ (counter|gauge|histogram)"
        r'|\w+(\{\w+="[^"]+"\})? [0-9.e+-]+'
    )
    assert all(map(form.fullmatch, text.splitlines()))
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_health__is_ready_with_the_newest_file(path):
    app = rfm.serve.app(path)
    assert call(app, "/healthz").json() == {"alive": True}
    assert call(app, "/readyz").json() == {"ready": True}
    assert call(app, "/readyz").headers["cache-control"] == "no-store"


def test_ready__says_no_to_a_file_that_is_too_old(path):
    written = 1_700_000_000
    os.utime(path, (written, written))
    now = [written + 3600]
    app = rfm.serve.app(path, ready_max_age="1h", clock=lambda: now[0])
    assert call(app, "/readyz").status_code == 200
    now[0] += 1
    old = call(app, "/readyz")
    assert old.status_code == 503
    assert old.json()["ready"] is False
    assert "at most 3,600 seconds old; got 3,601" in old.json()["reason"]
    assert call(app, "/v1/customers/1").status_code == 200


def test_ready__says_no_and_the_old_file_is_used_while_the_new_one_is_broken(path, tmp_path):
    app = rfm.serve.app(path, token=TOKEN)
    (tmp_path / "new").write_bytes(b"ARROW1 and nothing else")
    (tmp_path / "new").rename(path)
    app.state.snapshots.refresh()
    assert call(app, "/readyz").json() == {"ready": False}
    assert "damaged" in call(app, "/readyz", headers=bearer()).json()["reason"]
    assert call(app, "/v1/customers/1", headers=bearer()).status_code == 200
    assert call(app, "/healthz").status_code == 200
    snapshot_at(path, orders_of([7]))
    app.state.snapshots.refresh()
    assert call(app, "/readyz").status_code == 200
    assert call(app, "/v1/customers/7", headers=bearer()).status_code == 200
    assert call(app, "/v1/customers/1", headers=bearer()).status_code == 404


def test_counters__count_lookups_and_answers(path):
    app = rfm.serve.app(path)
    for target in ("1", "2", "4711", "x"):
        call(app, f"/v1/customers/{target}")
    look_up(app, ids=[1, 4711, 4712])
    found = counters(call(app, "/metrics").text)
    assert found['rfm_lookups_total{outcome="found"}'] == 3
    assert found['rfm_lookups_total{outcome="unknown"}'] == 3
    statuses = {200: 3, 404: 1, 400: 1, 403: 0}
    assert {n: found[f'rfm_requests_total{{status="{n}"}}'] for n in statuses} == statuses
    assert found["rfm_lookup_seconds_count"] == 4
    assert found["rfm_customers"] == 3
    assert found["rfm_as_of_seconds"] == 1_767_139_200  # 2025-12-31
    assert found["rfm_written_seconds"] == int(path.stat().st_mtime)
    assert (found["rfm_ready"], found["rfm_snapshot_swaps_total"]) == (1, 0)


def test_metrics__add_up_over_workers():
    memory = bytearray(metrics_bytes(2))
    first, second = Metrics(memory, 0), Metrics(memory, 1)
    first.count_lookups(2, 1)
    second.count_lookups(5, 0)
    for each, status in ((first, 200), (second, 200), (second, 418)):
        each.count_request(status)
    for us in (1, 100, 101, 250, 5_000_000):
        first.time_lookup(us * 1000)
    second.time_lookup(100_001)
    second.text(3, {})
    found = counters(first.text(2, {"rfm_ready": ("Ready.", 1)}))
    assert found['rfm_lookups_total{outcome="found"}'] == 7
    assert found['rfm_requests_total{status="200"}'] == 2
    assert found['rfm_requests_total{status="500"}'] == 1
    buckets = {name: n for name, n in found.items() if "bucket" in name}
    assert list(buckets.values()) == sorted(buckets.values())
    assert buckets['rfm_lookup_seconds_bucket{le="0.0001"}'] == 2
    assert buckets['rfm_lookup_seconds_bucket{le="0.00025"}'] == 5
    assert buckets['rfm_lookup_seconds_bucket{le="1.0"}'] == 5
    assert buckets['rfm_lookup_seconds_bucket{le="+Inf"}'] == found["rfm_lookup_seconds_count"] == 6
    assert found["rfm_lookup_seconds_sum"] == pytest.approx(5.000552001)
    assert found["rfm_snapshot_swaps_total"] == 3
    successor = Metrics(memory, 1)
    assert counters(successor.text(1, {}))["rfm_snapshot_swaps_total"] == 4


def test_watching__opens_a_new_file_and_ends_with_its_loop(path):
    snapshots = Snapshots(path, seconds=0.01)
    watching = Watching(snapshots)

    async def run(customer: int) -> None:
        watching.start()
        watching.start()
        snapshot_at(path, orders_of([customer]))
        while snapshots.current.lookup.get(customer) is None:
            await asyncio.sleep(0.01)
        await watching.stop()
        await watching.stop()

    asyncio.run(run(8))
    asyncio.run(run(9))
    assert snapshots.n_swaps == 2


def test_lifespan__watches_from_start_to_end(path):
    app = rfm.serve.app(path)

    async def run() -> tuple[int, int]:
        before = len(asyncio.all_tasks())
        async with app.router.lifespan_context(app):
            during = len(asyncio.all_tasks())
        return during - before, len(asyncio.all_tasks()) - before

    assert asyncio.run(run()) == (1, 0)


def test_mounted_app__answers_below_its_prefix_and_watches_from_its_first_request(tmp_path):
    path = tmp_path / "odd.arrow"
    snapshot_at(path, orders_of(["a/b", "c"]), ids="text")
    outer = Starlette(routes=[Mount("/ü/crm", rfm.serve.app(path))])

    async def run(client):
        answer = await client.get("/%C3%BC/crm/v1/customers/a%2Fb")
        return answer, len(asyncio.all_tasks())

    answer, n_tasks = calls(outer, run)
    assert answer.json()["customer_id"] == "a/b"
    assert n_tasks == 2
    assert call(outer, "/%C3%BC/crm/healthz").status_code == 200
    by_server = exchange(rfm.serve.app(path), b"/p/v1/customers/a%2Fb", root_path="/p")
    without_raw = exchange(
        rfm.serve.app(path), b"/p/v1/customers/c", root_path="/p", raw_path=None
    )  # fmt: skip
    assert (by_server.status, without_raw.status) == (200, 200)


def test_mounted_app__answers_behind_a_proxy_that_removes_its_prefix_or_keeps_it(tmp_path):
    path = tmp_path / "customers.arrow"
    snapshot_at(path, orders_of(["a/b", "c"]))
    app = rfm.serve.app(path)
    roots = {"root_path": "/api/rfm", "app_root_path": "/api"}
    for place in (b"/rfm", b"/api/rfm", b""):
        assert exchange(app, place + b"/v1/customers/a%2Fb", **roots).status == 200
        assert exchange(app, place + b"/v1/customers/c", **roots, raw_path=None).status == 200
    assert exchange(app, b"/rfmx/v1/customers/c", **roots).status == 404


def test_counters__count_requests_at_which_the_service_fails(path):
    times = ["no number"]
    app = rfm.serve.app(path, ready_max_age="1h", clock=lambda: times.pop() if times else 0.0)
    with pytest.raises(TypeError):
        call(app, "/readyz")
    assert counters(call(app, "/metrics").text)['rfm_requests_total{status="500"}'] == 1
