"""Run the cases that have no result yet, one `rfm bench` each: `python -m benchmarks.suite`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.cases import CASES, REAL, RESULTS, Case
from rfm_engine.bench.engines import engines_named
from rfm_engine.bench.files import in_format
from rfm_engine.bench.run import Plan, run_bench, simulated
from rfm_engine.bench.work import open_input


def main() -> None:
    """Run the requested cases; each result is saved before the next case begins."""
    options = _options()
    options.results.mkdir(parents=True, exist_ok=True)
    cases = [
        case
        for case in CASES.values()
        if (case.name in options.names or not options.names)
        and (options.again or not _result(options.results, case).exists())
    ]
    # Small cases run first. Cases with the same orders run together, so that the orders are only
    # simulated once.
    for data in sorted({case.data for case in cases}, key=lambda data: (data[1], *data)):
        of_data = [case for case in cases if case.data == data]
        with orders_of(of_data[0], options.scale) as orders:
            for case in of_data:
                run_case(case, orders, options.scale, _result(options.results, case))


def run_case(case: Case, orders: Path, scale: float, result: Path) -> None:
    """Run a case and save its result."""
    engines = engines_named(case.engines)
    plan = Plan(engines, case.lines, case.in_memory, case.threads, case.runs, case.rfm_options)
    real = case.name == REAL
    simulated_ones = open_input(orders, lines=case.lines, ids=None if real else case.ids)
    given = in_format(simulated_ones, case.format)
    try:
        record = run_bench(plan, given, partial(_tell, case.name))
    finally:
        if given is not simulated_ones:
            given.path.unlink()
    record.work["scale"] = 1.0 if real else scale
    record.save(result)


@contextmanager
def orders_of(case: Case, scale: float) -> Iterator[Path]:
    """Provide a file with the orders of a case while the context lasts."""
    if case.name == REAL:
        with tempfile.TemporaryDirectory(prefix="rfm-bench-") as folder:
            place = Path(folder) / "cdnow.parquet"
            pq.write_table(_cdnow(), place, compression="zstd")
            yield place
        return
    customers, orders = (max(1, round(n * scale)) for n in (case.customers, case.orders))
    tell = partial(_tell, case.name)
    with simulated(
        customers=customers, orders=orders, ids=case.ids, lines=case.lines, tell=tell
    ) as place:
        yield place


def _cdnow() -> pa.Table:
    """Read the real orders that are contained in the package lifetimes."""
    files = metadata.distribution("lifetimes").files or []
    path = Path(str(next(file for file in files if file.name == "CDNOW_master.txt").locate()))
    rows = [line.split() for line in path.read_text().splitlines()[1:]]
    return pa.table(
        {
            "customer_id": pa.array([int(row[0]) for row in rows]),
            "order_time": pc.strptime([row[1] for row in rows], format="%Y%m%d", unit="us"),
            "amount": pa.array([float(row[3]) for row in rows]),
        }
    )


def _result(folder: Path, case: Case) -> Path:
    return folder / f"{case.name}.json"


def _tell(name: str, words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {name}: {words}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suite", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CASE", help=f"one of {', '.join(CASES)}")
    parser.add_argument("--scale", type=float, default=1.0, help="share of orders, such as 0.01")
    parser.add_argument("--again", action="store_true", help="also run cases with a result")
    parser.add_argument("--results", type=Path, default=Path(RESULTS), help="folder of the results")
    options = parser.parse_args()
    for name in options.names:
        if name not in CASES:
            parser.error(f"CASE must be one of {', '.join(CASES)}; got {name!r}")
    return options


if __name__ == "__main__":
    main()
