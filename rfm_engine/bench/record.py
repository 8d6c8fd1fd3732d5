"""The results of a benchmark, as saved; all tables and charts can be made from them."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rfm_engine.errors import UsageError

SCHEMA = 1
_PACKAGES = ("rfm-engine", "numpy", "numba", "pyarrow", "duckdb", "polars", "pandas")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one solution."""

    seconds: float
    processor_seconds: float
    peak_bytes: int
    """Anonymous memory; for a table in memory, the increase above the table."""
    set_up_seconds: float | None = None
    """For a table in memory: time of imports, reading the table, and a run on a few rows."""


@dataclass(slots=True)
class EngineRecord:
    """The runs of one solution."""

    name: str
    version: str | None
    status: str = "measured"
    """`measured`, `not installed` or `failed`."""
    why: str | None = None
    cold: Sample | None = None
    warm: list[Sample] = field(default_factory=list)
    start_up: list[Sample] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Median wall time of the warm runs."""
        return median(sample.seconds for sample in self.warm)

    @property
    def start_up_seconds(self) -> float:
        """Median wall time for a file with one order."""
        return median(sample.seconds for sample in self.start_up)

    @property
    def peak_bytes(self) -> int:
        """Peak memory of all warm runs."""
        return max(sample.peak_bytes for sample in self.warm)


@dataclass(frozen=True, slots=True)
class FloorSample:
    """The time of decoding the needed columns and encoding the answer, and nothing else."""

    decode_seconds: float
    encode_seconds: float

    @property
    def seconds(self) -> float:
        """The sum of both."""
        return self.decode_seconds + self.encode_seconds


@dataclass(slots=True)
class Record:
    """A benchmark: the work, the machine, and the measurements of each solution."""

    work: dict[str, Any]
    machine: dict[str, Any]
    versions: dict[str, str]
    engines: list[EngineRecord]
    answer: dict[str, Any]
    floor: list[FloorSample] = field(default_factory=list)
    schema: int = SCHEMA

    @property
    def measured(self) -> list[EngineRecord]:
        """The engines that have times."""
        return [engine for engine in self.engines if engine.status == "measured"]

    def engine(self, name: str) -> EngineRecord | None:
        """Return the engine of this name, if it was measured."""
        return next((engine for engine in self.measured if engine.name == name), None)

    @property
    def floor_seconds(self) -> float | None:
        """Median time of the floor, or None if it was not measured."""
        return median(sample.seconds for sample in self.floor) if self.floor else None

    def save(self, path: Path) -> None:
        """Write the record as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load_record(path: Path) -> Record:
    """Read a saved record.

    Raises
    ------
    UsageError
        The record has another schema.
    """
    data = json.loads(path.read_text())
    if data.get("schema") != SCHEMA:
        raise UsageError(
            f"benchmark {str(path)!r} must have schema {SCHEMA}; got {data.get('schema')}. "
            "Measure again."
        )
    data["floor"] = [FloorSample(**sample) for sample in data["floor"]]
    data["engines"] = [_engine_record(engine) for engine in data["engines"]]
    return Record(**data)


def median(values: Iterable[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def machine() -> dict[str, Any]:
    """Describe the machine."""
    system = f"{platform.system()} {platform.release()}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_bytes": memory,
        "system": system,
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages that are compared."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        number = package_version(package)
        if number is not None:
            found[package] = number
    return found


def package_version(package: str) -> str | None:
    """Return the version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _engine_record(data: dict[str, Any]) -> EngineRecord:
    samples = {key: [Sample(**one) for one in data[key]] for key in ("warm", "start_up")}
    cold = Sample(**data["cold"]) if data["cold"] else None
    return EngineRecord(**(data | samples | {"cold": cold}))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
