"""Measure lookups among ten million customers: `python -m benchmarks.lookups`.

The command line simulates and scores the orders. A process for each file opens it, compares rows
with the table, and then measures each lookup of a random customer. The targets are 0.2 ms for the
99th percentile, 1 s until the file is open and its ids are read, and 100 MB of anonymous memory.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa

import rfm_engine as rfm
from benchmarks.cases import RESULTS
from rfm_engine.bench.record import machine, versions

RESULT = "lookups.json"
STRANGERS: dict[str, Callable[[Any], Any]] = {"int": lambda who: who + 1, "string": "{}x".format}
"""An id that follows an id of a file, by kind of id: hardly ever a customer."""
N_COMPARED, MANY = 1_000, 1_000
# In a process that imports nothing else.
ONLY_OPEN = """
import os, sys
import rfm_engine as rfm
from rfm_engine.totals.memory.system import anonymous_bytes_of
look = rfm.Lookup(sys.argv[1])
look.warm()
look.get(sys.argv[2])
print(anonymous_bytes_of(os.getpid()))
"""


def write_customers(folder: Path, kind: str, n_customers: int) -> Path:
    """Simulate orders and score them to a sorted file."""
    orders, place = folder / f"{kind}.parquet", folder / f"{kind}.arrow"
    rfm_ = [sys.executable, "-m", "rfm_cli"]
    size = ["--customers", str(n_customers), "--orders", str(3 * n_customers), "--ids", kind]
    subprocess.run([*rfm_, "simulate", *size, "-o", str(orders)], check=True)
    sort = ["--as-of", "newest", "--sort", "customer", "-o", str(place), "--quiet", "--no-config"]
    subprocess.run([*rfm_, "score", str(orders), *sort], check=True)
    orders.unlink()
    return place


def measured(place: Path, kind: str, n_lookups: int) -> dict[str, Any]:
    """Open a file, check answers, and measure lookups of random customers."""
    start = time.perf_counter()
    look = rfm.Lookup(place)
    opened = time.perf_counter()
    look.warm()
    warmed = time.perf_counter()
    dice = random.Random(7)
    check(look, place, kind, dice)
    ids = random_ids(place, n_lookups, dice)
    following = [STRANGERS[kind](who) for who in ids]
    lists = [dice.choices(ids, k=MANY) for _ in range(20)]
    return {
        "customers": look.n_rows,
        "file MB": round(place.stat().st_size / 1e6),
        "open seconds": round(opened - start, 3),
        "read ids seconds": round(warmed - opened, 3),
        "a customer": microseconds(look.get, ids),
        "no customer": microseconds(look.get, following),
        f"{MANY:,} customers": microseconds(look.get_many, lists),
        "anonymous MB": round(anonymous_bytes(place, ids[0]) / 1e6),
    }


def anonymous_bytes(place: Path, who: Any) -> int:
    """Return the anonymous memory of a process that opens a file and looks a customer up."""
    command = [sys.executable, "-c", ONLY_OPEN, str(place), str(who)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stdout)


def random_ids(place: Path, n: int, dice: random.Random) -> list[Any]:
    """Return the ids of random rows."""
    with pa.memory_map(str(place)) as file:
        reader = pa.ipc.open_file(file)
        columns = [reader.get_batch(at).column(0) for at in range(reader.num_record_batches)]
        chosen = (dice.choice(columns) for _ in range(n))
        return [column[dice.randrange(len(column))].as_py() for column in chosen]


def check(look: rfm.Lookup, place: Path, kind: str, dice: random.Random) -> None:
    """Compare lookups of random customers with the rows of the file."""
    with pa.memory_map(str(place)) as file:
        reader = pa.ipc.open_file(file)
        compared = []
        for _ in range(N_COMPARED):
            batch = reader.get_batch(dice.randrange(reader.num_record_batches))
            [row] = batch.slice(dice.randrange(batch.num_rows), 1).to_pylist()
            assert look.get(row["customer_id"]) == row
            compared.append(row)
        ids = [row["customer_id"] for row in compared]
        assert look.get_many(ids).to_pylist() == compared
        strangers = {STRANGERS[kind](who) for who in ids}
        for batch in (reader.get_batch(at) for at in range(reader.num_record_batches)):
            strangers.difference_update(batch.column(0).to_pylist())
    assert len(strangers) > N_COMPARED // 2
    assert not any(map(look.get, strangers))


def microseconds(call: Callable[[Any], Any], given: Sequence[Any]) -> dict[str, float]:
    """Return percentiles of the wall time of calls, and the mean of their processor time."""
    taken, before = [], time.process_time()
    for each in given:
        start = time.perf_counter()
        call(each)
        taken.append(time.perf_counter() - start)
    processor = time.process_time() - before
    taken.sort()
    found = {
        f"p{100 * share:g}": round(1e6 * taken[min(int(share * len(taken)), len(taken) - 1)], 1)
        for share in (0.5, 0.99, 0.999)
    }
    return found | {"processor": round(1e6 * processor / len(given), 1)}


def main() -> None:
    """Measure, print the results as JSON, and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000_000)
    parser.add_argument("--lookups", type=int, default=100_000)
    parser.add_argument("--results", type=Path, default=Path(RESULTS))
    given = parser.parse_args()
    found: dict[str, Any] = {"machine": machine(), "versions": versions()}
    for kind in STRANGERS:
        with (
            tempfile.TemporaryDirectory(prefix="rfm-lookups-") as name,
            ProcessPoolExecutor(1, get_context("spawn")) as pool,
        ):
            place = write_customers(Path(name), kind, given.customers)
            found[kind] = pool.submit(measured, place, kind, given.lookups).result()
    print(json.dumps(found, indent=1))
    given.results.mkdir(exist_ok=True)
    (given.results / RESULT).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
