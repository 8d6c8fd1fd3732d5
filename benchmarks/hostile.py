"""Compare ids chosen to slow down hash tables with random ids: `python -m benchmarks.hostile`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.cases import RESULTS
from rfm_engine import CustomerTotals
from rfm_engine.bench.record import machine, versions
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.hashing import HashKey, hash_words

Ids = npt.NDArray[np.uint64]

RESULT = "hostile.json"
_KEY = 7
_CUSTOMERS = 1 << 20
_ROWS_EACH = 8
_ROUNDS = 5


def key_sets(n: int = _CUSTOMERS) -> dict[str, Ids]:
    """Return `n` ids of each kind, in the order in which the customers appear."""
    numbers = np.arange(n, dtype=np.uint64)
    random = np.random.default_rng(1).integers(0, 2**63, n, np.uint64)
    return {
        "random": random,
        "sequential": numbers,
        "strided by 2^12": numbers << np.uint64(12),
        "strided by 2^32": numbers << np.uint64(32),
        "bit-reversed": _reversed(numbers),
        "equal low bits": (numbers << np.uint64(43)) | np.uint64(0x5A5A5A5A5A5),
        "equal high bits": numbers | np.uint64(0x5A5A5A5A << 32),
        "hash-order replay": random[np.argsort(hash_of(random))],
    }


def hash_of(ids: Ids) -> Ids:
    """Hash ids in the same way as the measured totals do."""
    return hash_words(frozen(ids), HashKey.from_int(_KEY))


def main() -> None:
    """Measure the processor time for each kind of ids in turn, and save rows per second."""
    sets = {name: _orders(ids) for name, ids in key_sets().items()}
    seconds: dict[str, list[float]] = {name: [] for name in sets}
    for number in range(_ROUNDS + 1):
        for name, batches in sets.items():
            taken = _time(batches)
            if number:  # the first round compiles, and allocates the memory
                seconds[name].append(taken)
        print(f"round {number} of {_ROUNDS}", file=sys.stderr)
    n_rows = _CUSTOMERS * _ROWS_EACH
    rates = {name: n_rows / statistics.median(taken) for name, taken in seconds.items()}
    found = {"rows": n_rows, "customers": _CUSTOMERS, "rows_per_second": rates}
    about = {"machine": machine(), "versions": versions()}
    result = Path(RESULTS) / RESULT
    result.write_text(json.dumps(found | about | {"seconds": seconds}, indent=1) + "\n")
    for name, rate in rates.items():
        print(f"{name:<20}{rate / 1e6:8.1f} M rows/s{rates['random'] / rate:8.2f}x the time")


def _time(batches: list[pa.RecordBatch]) -> float:
    totals = CustomerTotals(as_of="newest", hash_key=_KEY)
    start = time.process_time()
    for batch in batches:
        totals.update(batch)
    assert totals.n_customers == _CUSTOMERS
    return time.process_time() - start


def _orders(ids: Ids) -> list[pa.RecordBatch]:
    n = len(ids)
    times = pa.array(np.arange(n, dtype=np.int64) % 86_400 * 1_000_000, pa.timestamp("us"))
    amounts = pa.array((np.arange(n) % 10_000) / 100)
    names = ["customer_id", "order_time", "amount"]
    batch = pa.record_batch([pa.array(ids.view(np.int64)), times, amounts], names)
    return [batch] * _ROWS_EACH


def _reversed(numbers: Ids) -> Ids:
    result = np.zeros_like(numbers)
    for bit in map(np.uint64, range(64)):
        result |= (numbers >> bit & np.uint64(1)) << (np.uint64(63) - bit)
    return result


if __name__ == "__main__":
    main()
