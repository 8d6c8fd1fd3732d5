"""Texts about a benchmark that tables and charts share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.bench.record import EngineRecord, Record

_SIMULATED_IDS = {
    "int": "hashed int64 ids",
    "dense": "dense int64 ids",
    "string": "ids of 32 characters",
    "uuid": "uuid ids",
}
_WAYS = {
    "parquet": "Parquet to Parquet",
    "parquet-pyarrow": "Parquet as pyarrow writes it to Parquet",
    "parquet-duckdb": "Parquet as DuckDB writes it to Parquet",
    "csv": "CSV to Parquet",
}


def title(record: Record) -> str:
    """Describe the work: rows, customers, type of ids, input and output."""
    work = record.work
    rows = f"{short(work['rows'])} {'order lines' if work['lines'] else 'orders'}"
    customers = f"{short(record.answer['customers'])} customers, " if record.answer else ""
    ids = _SIMULATED_IDS.get(work["ids"], f"{work['id_type']} ids")
    way = _WAYS[work.get("format", "parquet")]
    if work["in_memory"]:
        way = "Arrow to Arrow in memory"
    return f"{rows}, {customers}{ids}: {way}"


def short(n: float) -> str:
    """Return a number in thousands or millions: 100 M, 2.5 M, 500 k."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if n >= size:
            return f"{n / size:.3g}{letter}"
    return f"{n:.0f}"


def machine(record: Record) -> str:
    """Describe the machine and the versions of a record."""
    return machine_and_versions(record.machine, record.versions)


def machine_and_versions(found: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """Describe a machine, and the versions of packages."""
    return (
        f"{found['processor']}, {found['processors']} processors, "
        f"{found['memory_bytes'] / 2**30:.0f} GiB, {found['system']}; "
        f"{', '.join(f'{name} {number}' for name, number in versions.items())}"
    )


def ratio(record: Record, seconds: float) -> str:
    """Return `seconds` as a multiple of the time of rfm."""
    ours = record.engine("rfm")
    return "" if ours is None else f"{seconds / ours.seconds:.2f}x"


def spread(engine: EngineRecord) -> str:
    """Return the times of the fastest and the slowest warm run."""
    seconds = [sample.seconds for sample in engine.warm]
    return f"{min(seconds):.2f}-{max(seconds):.2f}"


def rate(record: Record, engine: EngineRecord) -> str:
    """Return millions of rows per second."""
    return f"{record.work['rows'] / engine.seconds / 1e6:.1f} M"


def size(n_bytes: int) -> str:
    """Return bytes as GB or MB."""
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"
