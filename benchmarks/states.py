"""Measure a night with a state, and the work it cannot avoid: `python -m benchmarks.states`.

Scoring is compared with decoding the state's files and encoding the result, which are unavoidable,
and with a run over all orders. An ingest is compared with decoding the day and writing the files of
its batch. All of this is measured in turns, in one run. Before that, the result is compared with a
run over all orders.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import rfm_engine as rfm
from rfm_engine.bench.measure import run_process
from rfm_engine.output import write
from rfm_engine.simulate import simulate

THREADS = 2
ROUNDS = 5
DAY_ORDERS, DAY_CUSTOMERS = 1_000_000, 600_000


class Night:
    """A state of all orders, the day that is ingested next, and the folder for results."""

    def __init__(self, folder: Path, customers: int, orders: int) -> None:
        self.folder = folder
        self.orders = self._written("orders", simulate(customers=customers, orders=orders))
        day = simulate(customers=DAY_CUSTOMERS, orders=DAY_ORDERS, seed=9)
        self.day = self._written("day", day)
        self.state = rfm.State.create(folder / "state")
        self.state.ingest(self.orders, threads=THREADS)
        files = self.state.manifest.newest.files
        self.files = [self.state.path / "data" / file.name for file in files]
        self.n_rows = sum(file.n_rows for file in files)

    def check(self) -> None:
        """Check that the score of the state equals the score of the orders."""
        self.score()
        self.score_afresh()
        found, afresh = (self._customers(name) for name in ("result", "afresh"))
        assert found.equals(afresh)

    def score(self) -> None:
        """Score the state."""
        output = self.folder / "result.parquet"
        rfm.score(self.state.path, as_of="newest", output=output, threads=THREADS)

    def score_afresh(self) -> None:
        """Score all orders."""
        output = self.folder / "afresh.parquet"
        rfm.score(self.orders, as_of="newest", output=output, threads=THREADS)

    def decode(self) -> None:
        """Decode the files of the state before the day is ingested."""
        with ThreadPoolExecutor(THREADS) as pool:
            tables = pool.map(lambda file: pq.read_table(file, use_threads=False), self.files)
            assert sum(table.num_rows for table in tables) == self.n_rows

    def encode(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Encode a result that is in memory."""
        write(batches, batches[0].schema, self.folder / "encoded.parquet", threads=THREADS)

    def result(self) -> list[pa.RecordBatch]:
        """Return the result in batches of a quarter of a million rows, as it is written."""
        table = pq.read_table(self.folder / "result.parquet")
        batches: list[pa.RecordBatch] = table.to_batches(max_chunksize=1 << 18)
        return batches

    def ingest(self) -> None:
        """Ingest the day."""
        done = self.state.ingest(self.day, threads=THREADS)
        assert done.rows.counted == DAY_ORDERS

    def restore(self) -> None:
        """Restore the generation before the day."""
        self.state.restore(self.state.manifest.generations[1].number)

    def write_day(self, tables: Sequence[pa.Table]) -> None:
        """Write the rows of the day's batch, and sync the files."""
        for number, table in enumerate(tables):
            place = self.folder / f"own-{number}.parquet"
            packed = dict.fromkeys(table.column_names, "DELTA_BINARY_PACKED")
            pq.write_table(
                table, place, use_dictionary=False, compression="none", column_encoding=packed
            )
            with place.open("rb") as file:
                os.fsync(file.fileno())

    def day_tables(self) -> list[pa.Table]:
        """Return the rows of the day's batch."""
        files = self.state.manifest.newest.batches[-1].totals.files
        return [pq.read_table(self.state.path / "data" / file.name) for file in files]

    def _customers(self, name: str) -> pa.Table:
        return pq.read_table(self.folder / f"{name}.parquet").sort_by("customer_id")

    def _written(self, name: str, batches: pa.RecordBatchReader) -> Path:
        place = self.folder / f"{name}.parquet"
        write(batches, batches.schema, place, threads=THREADS)
        return place


def in_process(folder: Path, *words: object) -> dict[str, float]:
    """Run a command in a separate process; return its seconds and its peak memory."""
    program = Path(sys.executable).with_name("rfm")
    command = [str(program), *map(str, words), "--quiet", "--threads", str(THREADS)]
    os.sync()
    run = run_process(command, folder, os.environ)
    return {"seconds": run.seconds, "peak MB": run.peak_bytes() / 1e6}


def processes(night: Night) -> dict[str, dict[str, float]]:
    """Measure the commands that a user would run, including start-up."""
    fresh, output = night.folder / "fresh", night.folder / "result.parquet"
    rfm.State.create(fresh)
    return {
        "rfm score, all orders": in_process(night.folder, "score", night.orders, "-o", output),
        "rfm ingest, all orders": in_process(night.folder, "ingest", fresh, night.orders),
        "rfm score, the state": in_process(night.folder, "score", fresh, "-o", output),
        "rfm ingest, the day": in_process(night.folder, "ingest", fresh, night.day),
    }


def seconds_of(work: Callable[[], None]) -> float:
    """Measure one call, after all pending writes to disk."""
    os.sync()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measured(night: Night) -> dict[str, Any]:
    """Return the median seconds of each step, the ratios between them, and the commands."""
    night.check()
    batches = night.result()
    night.ingest()
    tables = night.day_tables()
    night.restore()
    seconds: dict[str, list[float]] = {}
    works: dict[str, Callable[[], None]] = {
        "decode state": night.decode,
        "encode result": lambda: night.encode(batches),
        "score state": night.score,
        "score orders": night.score_afresh,
        "decode day": lambda: assert_read(pq.read_table(night.day)),
        "write day": lambda: night.write_day(tables),
        "ingest day": night.ingest,
    }
    for _ in range(ROUNDS):
        for name, work in works.items():
            seconds.setdefault(name, []).append(seconds_of(work))
        night.restore()
    found = {name: median(each) for name, each in seconds.items()}
    ratios = {
        "score / (decode + encode)": found["score state"]
        / (found["decode state"] + found["encode result"]),
        "score / score of orders": found["score state"] / found["score orders"],
        "ingest / (decode + write)": found["ingest day"]
        / (found["decode day"] + found["write day"]),
    }
    return found | ratios | processes(night)


def assert_read(day: pa.Table) -> None:
    """Check that all rows of a day were read."""
    assert day.num_rows == DAY_ORDERS


def rounded(found: dict[str, Any]) -> dict[str, Any]:
    """Round numbers to three digits after the point."""
    return {
        name: rounded(value) if isinstance(value, dict) else round(value, 3)
        for name, value in found.items()
    }


def main() -> None:
    """Measure, and print the results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000_000)
    parser.add_argument("--orders", type=int, default=50_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rfm-states-") as folder:
        found = measured(Night(Path(folder), given.customers, given.orders))
    print(json.dumps(rounded(found), indent=1))


if __name__ == "__main__":
    main()
