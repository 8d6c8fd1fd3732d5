"""Measure `rfm serve` with ten million customers: `python -m benchmarks.service`.

One worker answers wrk (`apt-get install wrk`) on 8 connections, in turns requests for random
customers and for `/healthz`, which is the floor. Answers are compared with the file first. The
targets: a look-up has 70% of the requests per second of `/healthz` and 1.5 times its 99th
percentile; 5,000 per second if the server and wrk have a processor each; at most 1 s to start, and
100 MB of anonymous memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import rfm_engine as rfm
from benchmarks.cases import RESULTS
from benchmarks.lookups import random_ids, write_customers
from rfm_engine.bench.record import machine, versions
from rfm_engine.totals.memory.system import anonymous_bytes_of

RESULT = "service.json"
N_IDS, N_COMPARED, CONNECTIONS = 20_000, 1_000, 8
FLOOR, LOOKUP = "/healthz", "a customer"
# Paths from a file, in random order; at the end the numbers as JSON.
SCRIPT = """
local paths = {}
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\\n{"n": %d, "us": %d, "failed": %d, "p50": %d, "p99": %d, "p99.9": %d}\\n',
    summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""


class Service(NamedTuple):
    """A running service: its process, its port, and the seconds until it answered."""

    pid: int
    port: int
    start_seconds: float


@contextmanager
def serving(place: Path, on: Sequence[str]) -> Iterator[Service]:
    """Run the service with one worker."""
    command = [*on, sys.executable, "-m", "rfm_cli", "serve", str(place), "--bind", "127.0.0.1:0"]
    start = time.perf_counter()
    with subprocess.Popen([*command, "--json", "--no-config"], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            seconds = time.perf_counter() - start
            yield Service(process.pid, int(said["address"].rpartition(":")[2]), seconds)
        finally:
            process.terminate()


def check(place: Path, port: int, ids: Sequence[Any]) -> None:
    """Compare answers with the rows of the file."""
    kept = HTTPConnection("127.0.0.1", port)
    with rfm.Lookup(place) as look:
        for who in ids:
            kept.request("GET", f"/v1/customers/{who}")
            answer = kept.getresponse()
            assert answer.status == 200
            found, row = json.loads(answer.read()), look.get(who)
            assert row is not None
            assert found["customer_id"] == who
            assert found["monetary"] == str(row["monetary"])
            assert found["last_order"].startswith(row["last_order"].strftime("%Y-%m-%dT%H:%M:%S"))
            assert {name: found[name] for name in ("frequency", "segment")} == {
                name: row[name] for name in ("frequency", "segment")
            }
    kept.close()


def measured(service: Service, paths: Path, seconds: int, on: Sequence[str]) -> dict[str, float]:
    """Send requests for some seconds.

    Return requests per second, latencies in ms, and the processor time of the service per request,
    which depends little on what else the machine does.
    """
    script = paths.with_name("requests.lua")
    script.write_text(SCRIPT)
    url = f"http://127.0.0.1:{service.port}"
    load = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    environment = os.environ | {"PATHS": str(paths)}
    before = processor_seconds(service.pid)
    run = subprocess.run(
        [*on, "wrk", *load], capture_output=True, text=True, check=True, env=environment
    )
    found = json.loads(run.stdout.strip().splitlines()[-1])
    assert found["failed"] == 0, run.stdout
    latencies = {name: found[name] / 1_000 for name in ("p50", "p99", "p99.9")}
    taken = processor_seconds(service.pid) - before
    return {
        "requests per second": round(found["n"] / found["us"] * 1e6),
        **latencies,
        "processor us": round(taken / found["n"] * 1e6, 1),
    }


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compared(
    place: Path, seconds: int, rounds: int, server: Sequence[str], client: Sequence[str]
) -> dict[str, Any]:
    """Measure look-ups and the floor in turns; return the medians and the ratios."""
    ids = random_ids(place, N_IDS, random.Random(7))
    paths = {FLOOR: place.with_name("floor"), LOOKUP: place.with_name("lookups")}
    paths[FLOOR].write_text(f"{FLOOR}\n")
    paths[LOOKUP].write_text("".join(f"/v1/customers/{who}\n" for who in ids))
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in paths}
    with serving(place, server) as service:
        check(place, service.port, ids[:N_COMPARED])
        for _ in range(rounds):
            for name, file in paths.items():
                runs[name].append(measured(service, file, seconds, client))
        memory = anonymous_bytes_of(service.pid)
    found: dict[str, Any] = {
        name: {key: round(median(run[key] for run in those), 3) for key in those[0]}
        for name, those in runs.items()
    }
    floor, lookup = found[FLOOR], found[LOOKUP]
    rate = "requests per second"
    return found | {
        "share of the floor": round(lookup[rate] / floor[rate], 3),
        "p99 to that of the floor": round(lookup["p99"] / floor["p99"], 2),
        "start seconds": round(service.start_seconds, 2),
        "anonymous MB": round(memory / 1e6),
    }


def main() -> None:
    """Measure, print the results as JSON, and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--snapshot", type=Path, help="use this file, with integer ids")
    parser.add_argument("--results", type=Path, default=Path(RESULTS))
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk must be installed; got none. Run: apt-get install wrk.")
    found: dict[str, Any] = {
        "machine": machine(), "versions": versions(), "connections": CONNECTIONS,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="rfm-service-") as name:
        folder = Path(name)
        place = folder / "customers.arrow"
        if given.snapshot is None:
            write_customers(folder, "int", given.customers).rename(place)
        else:
            place.symlink_to(given.snapshot.resolve())
        turns = (place, given.seconds, given.rounds)
        found["all processors"] = compared(*turns, (), ())
        if (os.cpu_count() or 1) > 1 and shutil.which("taskset"):
            each = ("taskset", "-c", "0"), ("taskset", "-c", "1")
            found["a processor each"] = compared(*turns, *each)
    print(json.dumps(found, indent=1))
    given.results.mkdir(exist_ok=True)
    (given.results / RESULT).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
