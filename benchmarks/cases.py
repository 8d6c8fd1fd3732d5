"""The cases: the work that is measured, and the solutions that are compared."""

from __future__ import annotations

from typing import NamedTuple

from rfm_engine.simulate import Ids

RESULTS = "benchmarks/results"
SECOND_MACHINE = "benchmarks/results/second-machine"
REAL = "cdnow"
_FIELD = ("rfm", "duckdb", "duckdb-ntile", "polars")
_FEW = ("rfm", "duckdb", "polars")
_OURS = ("rfm",)
_MILLION = 1_000_000


class Case(NamedTuple):
    """A case: the arguments of one run of `rfm bench`; if `engines` is empty, all engines run."""

    name: str
    orders: int
    customers: int
    ids: Ids = "int"
    lines: bool = False
    in_memory: bool = False
    threads: int = 2
    runs: int = 3
    engines: tuple[str, ...] = ()
    rfm_options: tuple[str, ...] = ()
    format: str = "parquet"

    @property
    def data(self) -> tuple[int, int, Ids, bool]:
        """The properties that determine the orders of the case."""
        return self.customers, self.orders, self.ids, self.lines


CASES = {
    case.name: case
    for case in (
        Case(REAL, 69_659, 23_570, ids="dense", engines=_FEW, runs=5),
        Case("int-1m", _MILLION, 100_000, runs=5),
        Case("int-10m", 10 * _MILLION, _MILLION, runs=5),
        Case("dense-10m", 10 * _MILLION, _MILLION, ids="dense", engines=_FEW),
        Case("string-10m", 10 * _MILLION, _MILLION, ids="string", engines=_FEW),
        Case("uuid-10m", 10 * _MILLION, _MILLION, ids="uuid", engines=_FEW),
        Case("csv-10m", 10 * _MILLION, _MILLION, engines=_FEW, format="csv"),
        Case("string-50m", 50 * _MILLION, 5 * _MILLION, ids="string", engines=_FEW, runs=2),
        # About 2.19 lines per order: 100 million lines.
        Case("lines-100m", 45_700_000, 5 * _MILLION, lines=True, engines=_FEW, runs=2),
        Case("dense-100m", 100 * _MILLION, 10 * _MILLION, ids="dense", engines=_FEW, runs=2),
        Case("few-100m", 100 * _MILLION, _MILLION, engines=_FEW, runs=2),
        Case("many-100m", 100 * _MILLION, 50 * _MILLION, engines=_FEW, runs=2),
        Case("int-100m", 100 * _MILLION, 10 * _MILLION, engines=_FIELD),
        Case(
            "int-100m-pyarrow", 100 * _MILLION, 10 * _MILLION, engines=_FEW, runs=2,
            format="parquet-pyarrow",
        ),
        Case(
            "int-100m-duckdb", 100 * _MILLION, 10 * _MILLION, engines=_FEW, runs=2,
            format="parquet-duckdb",
        ),
        Case("int-100m-one-thread", 100 * _MILLION, 10 * _MILLION, threads=1, engines=_OURS),
        Case("memory-100m", 100 * _MILLION, 10 * _MILLION, in_memory=True, engines=_FEW),
        Case(
            "memory-100m-one-thread", 100 * _MILLION, 10 * _MILLION,
            in_memory=True, threads=1, engines=_OURS,
        ),
        Case("int-500m", 500 * _MILLION, 50 * _MILLION, engines=_FEW, runs=1),
        Case(
            "limited-500m", 500 * _MILLION, 50 * _MILLION, engines=_OURS, runs=1,
            rfm_options=("--memory-limit", "2GB"),
        ),
    )
}  # fmt: skip
