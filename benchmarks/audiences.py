"""Measure audiences of five million contacts: `python -m benchmarks.audiences`.

Each list is written by the command line in its own process. The targets are 60 s for e-mail and
phone number, 150 s for the eight columns of Meta, and 2 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

import rfm_engine as rfm
from rfm_engine.bench.measure import run_process

LISTS = {
    "google, Parquet": ("google", "two.parquet"),
    "google, CSV": ("google", "two.csv"),
    "tiktok, Parquet": ("tiktok", "two.parquet"),
    "meta, eight columns": ("meta", "all.parquet"),
}


def write_shop(folder: Path, n: int) -> None:
    """Write a snapshot of `n` customers, and their contacts in another order."""
    random = np.random.default_rng(7)
    amounts = pa.array(random.integers(1, 1_000, n))
    times = pa.array(np.full(n, "2026-01-01", "datetime64[D]"))
    orders = pa.table({"customer_id": np.arange(n), "order_time": times, "amount": amounts})
    rfm.score(orders, as_of="2026-01-31", output=folder / "customers.parquet")
    ids = random.permutation(n)

    def of(words: list[str]) -> pa.Array:
        return pa.array(words).take(pa.array(random.integers(0, len(words), n)))

    numbers = pa.array(ids).cast(pa.string())
    domains = of(["Gmail.com", "yahoo.com", "web.de", "example.org"])
    local = pc.binary_join_element_wise(pa.scalar("Some.Person."), numbers, "")
    phones = pa.array(ids + 1_000_000_000).cast(pa.string())
    contacts = pa.table({
        "customer_id": ids,
        "email": pc.binary_join_element_wise(local, domains, "@"),
        "phone": pc.binary_join_element_wise(pa.scalar("+49 17 "), phones, ""),
        "first_name": of([f"Name {k}" for k in range(5_000)]),
        "last_name": of([f"O'Family {k}" for k in range(50_000)]),
        "city": of([f"City {k}" for k in range(20_000)]),
        "state": of(["CA", "NY", "BY"]),
        "country": of(["us", "DE"]),
        "zip": of([f"{k:05}" for k in range(1_000, 99_999)]),
        "consent_ads": np.ones(n, np.bool_),
    })  # fmt: skip
    two = contacts.select(["customer_id", "email", "phone", "consent_ads"])
    pq.write_table(contacts, folder / "all.parquet")
    pq.write_table(two, folder / "two.parquet")
    csv.write_csv(two, folder / "two.csv")


def measured(folder: Path, platform: str, contacts: str) -> dict[str, Any]:
    """Write a list in a process; return its seconds, processor time and memory."""
    command = [
        sys.executable, "-m", "rfm_cli", "audience", "customers.parquet", "--who", "monetary >= 0",
        "--contacts", contacts, "--platform", platform, "-o", "list.csv", "--quiet",
    ]  # fmt: skip
    os.sync()
    run = run_process(command, folder, os.environ)
    return {
        "seconds": round(run.seconds, 1),
        "processor seconds": round(run.processor_seconds, 1),
        "peak MB": round(run.peak_bytes() / 1e6),
        "list MB": round((folder / "list.csv").stat().st_size / 1e6),
    }


def main() -> None:
    """Measure, and print the results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=5_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rfm-audiences-") as name:
        folder = Path(name)
        write_shop(folder, given.contacts)
        found = {about: measured(folder, *each) for about, each in LISTS.items()}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
