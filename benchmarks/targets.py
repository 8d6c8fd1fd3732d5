"""The targets of rfm, and whether the results meet them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rfm_engine.bench import words
from rfm_engine.bench.record import EngineRecord, Record

Records = Mapping[str, Record]


class Finding(NamedTuple):
    """A measured figure, and whether it meets the target."""

    found: str
    met: bool


class Target(NamedTuple):
    """A row of the table: the case, the target, and the function that computes the finding."""

    work: str
    asked: str
    cases: tuple[str, ...]
    read: Callable[[Records], Finding]


def _ahead(case: str, times: float, others: tuple[str, ...] = ("duckdb", "polars")) -> Target:
    def read(records: Records) -> Finding:
        record = records[case]
        rivals = [engine for name in others if (engine := record.engine(name))]
        best = min(rivals, key=lambda engine: engine.seconds)
        ratio = best.seconds / _ours(record).seconds
        return Finding(f"{ratio:.2f}x ({best.name})", ratio >= times)

    asked = f"{times:g}x faster than {_either(others)}"
    return Target(case, asked, (case,), read)


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"the faster of {' and '.join(names)}"


def _memory(case: str, gigabytes: float) -> Target:
    def read(records: Records) -> Finding:
        peak = _ours(records[case]).peak_bytes
        return Finding(words.size(peak), peak <= gigabytes * 1e9)

    return Target(case, f"peak memory at most {gigabytes:g} GB", (case,), read)


def _near_floor(case: str, times: float) -> Target:
    def read(records: Records) -> Finding:
        record = records[case]
        ours = _ours(record)
        ratio = ours.seconds / ((record.floor_seconds or 0.0) + ours.start_up_seconds)
        return Finding(f"{ratio:.2f}x", ratio <= times)

    return Target(case, f"at most {times:g}x of floor and start-up", (case,), read)


def _growth(large: str, small: str, times: float) -> Target:
    def read(records: Records) -> Finding:
        most, least = (seconds_a_row(records[case]) for case in (large, small))
        return Finding(f"{most / least:.2f}x", most / least <= times)

    asked = f"time per row without start-up at most {times:g}x that of {small}"
    return Target(large, asked, (large, small), read)


def _threads(two: str, one: str, times: float) -> Target:
    def read(records: Records) -> Finding:
        ratio = _ours(records[one]).seconds / _ours(records[two]).seconds
        return Finding(f"{ratio:.2f}x", ratio >= times)

    return Target(two, f"two threads at least {times:g}x as fast as one", (two, one), read)


def _limited(limited: str, free: str, times: float) -> Target:
    def read(records: Records) -> Finding:
        ratio = _ours(records[limited]).seconds / _ours(records[free]).seconds
        same = records[limited].answer == records[free].answer
        answer = "the same answer" if same else "ANOTHER ANSWER"
        return Finding(f"{ratio:.2f}x, {answer}", same and ratio <= times)

    asked = f"the same answer in at most {times:g}x the time of {free}"
    return Target(limited, asked, (limited, free), read)


def _first(case: str, cold: float, warm: float) -> Target:
    def read(records: Records) -> Finding:
        ours = _ours(records[case])
        first = ours.cold.seconds if ours.cold else 0.0
        return Finding(
            f"{first:.1f} s, {ours.seconds:.2f} s", first <= cold and ours.seconds <= warm
        )

    asked = f"first run ever at most {cold:g} s, warm at most {warm:g} s"
    return Target(case, asked, (case,), read)


TARGETS = (
    _ahead("int-10m", 1.15),
    _ahead("string-10m", 1.0),
    _ahead("uuid-10m", 0.95),
    _ahead("csv-10m", 1.0, ("duckdb",)),
    _ahead("string-50m", 1.5),
    _ahead("lines-100m", 3.3),
    _ahead("int-100m", 2.3),
    _ahead("int-100m-pyarrow", 2.2),
    _ahead("int-100m-duckdb", 2.2),
    _ahead("dense-100m", 3.5),
    _ahead("memory-100m", 3.3),
    _ahead("int-500m", 2.5),
    _memory("int-500m", 4.0),
    _near_floor("string-50m", 1.6),
    _growth("int-500m", "int-10m", 2.0),
    _threads("memory-100m", "memory-100m-one-thread", 1.7),
    _limited("limited-500m", "int-500m", 2.5),
    _first("cdnow", 8.0, 1.0),
)


def seconds_a_row(record: Record) -> float:
    """Return the time of rfm per row, in seconds, without start-up."""
    ours = _ours(record)
    rows: int = record.work["rows"]
    return (ours.seconds - ours.start_up_seconds) / rows


def readable(target: Target, records: Records) -> bool:
    """Return whether all cases that a target needs were measured with rfm."""
    others = target.cases if all(case in records for case in target.cases) else ()
    return bool(others) and all(records[case].engine("rfm") for case in others)


def _ours(record: Record) -> EngineRecord:
    ours = record.engine("rfm")
    if ours is None:
        raise KeyError("rfm")
    return ours
