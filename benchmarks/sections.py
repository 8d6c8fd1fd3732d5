"""The measured sections of the documents, as lines of Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases import RESULTS
from benchmarks.hostile import RESULT as HOSTILE
from benchmarks.lifetime_value_tables import lifetime_value_sections
from benchmarks.markdown import table
from benchmarks.profile import RESULT as PROFILE
from benchmarks.spark_costs_tables import spark_sections
from benchmarks.targets import TARGETS, Records, readable, seconds_a_row
from rfm_engine.bench import tables, words
from rfm_engine.bench.record import Record

_RIVALS = ("duckdb", "polars")
_BY_ROWS = ("int-1m", "int-10m", "int-100m", "int-500m")
_BY_CUSTOMERS = ("few-100m", "int-100m", "many-100m")
_BY_IDS = ("dense-10m", "int-10m", "uuid-10m", "string-10m")
_BY_THREADS = (
    ("int-100m-one-thread", "int-100m"),
    ("memory-100m-one-thread", "memory-100m"),
)


def sections(records: Records, second: Records) -> dict[str, list[str]]:
    """Return the lines of each section by name; `second` contains results of another machine."""
    return {
        "speed": _speed(records),
        "targets": _targets(records),
        "machine": _machine(records),
        "second machine": _second_machine(records, second),
        "losses": _losses(records),
        "cases": _cases(records),
        "by rows": _growth(records, _BY_ROWS),
        "by customers": _growth(records, _BY_CUSTOMERS),
        "by ids": _growth(records, _BY_IDS),
        "by threads": _threads(records),
        "hostile": _hostile(),
        "profile": _profile(),
        **lifetime_value_sections(),
        **spark_sections(),
    }


def _speed(records: Records) -> list[str]:
    cases = [name for name in ("int-100m", "int-500m", "string-50m") if name in records]
    rows = [_one_line(records[name]) for name in cases]
    return table(["Parquet to Parquet", "rfm", *_RIVALS, "memory of rfm"], rows)


def _one_line(record: Record) -> list[str]:
    ours = record.engine("rfm")
    memory = words.size(ours.peak_bytes) if ours else ""
    seconds = [_seconds(record, name) for name in ("rfm", *_RIVALS)]
    return [words.title(record).partition(":")[0] + _scaled(record), *seconds, memory]


def _seconds(record: Record, name: str) -> str:
    engine = record.engine(name)
    return f"{engine.seconds:.2f} s" if engine else "failed"


def _scaled(record: Record) -> str:
    scale = record.work.get("scale", 1.0)
    return "" if scale == 1.0 else " (trial)"


def _targets(records: Records) -> list[str]:
    rows = []
    for target in TARGETS:
        if not readable(target, records):
            rows.append([target.work, target.asked, "not measured", ""])
            continue
        found, met = target.read(records)
        trial = any(_scaled(records[case]) for case in target.cases)
        name = f"[{target.work}](#{target.work})"
        rows.append([name, target.asked, found, "trial" if trial else "yes" if met else "no"])
    return table(["case", "asked", "found", "met"], rows, words=4)


def _machine(records: Records) -> list[str]:
    lines = [f"{line}." for line in dict.fromkeys(map(words.machine, records.values()))]
    trials = [name for name, record in records.items() if _scaled(record)]
    if trials:
        lines += [
            "",
            f"Trials, at a small part of the size they are named after: {', '.join(trials)}.",
        ]
    return lines


def _second_machine(records: Records, second: Records) -> list[str]:
    """Compare rfm with the faster of DuckDB and Polars on each of the two machines."""
    cases = [name for name in second if name in records]
    if not cases:
        return ["Not measured."]
    rows = [
        [
            f"{name}{_scaled(second[name])}",
            *(_seconds(second[name], engine) for engine in ("rfm", *_RIVALS)),
            words.size(ours.peak_bytes) if (ours := second[name].engine("rfm")) else "",
            *(_ahead(found[name]) for found in (second, records)),
        ]
        for name in cases
    ]
    names = (found[cases[0]].machine["processor"] for found in (second, records))
    heads = ["case", "rfm", *_RIVALS, "memory of rfm", *(f"ratio on {name}" for name in names)]
    return [*_machine(second), "", *table(heads, rows)]


def _ahead(record: Record) -> str:
    """Return the time of the faster of DuckDB and Polars, divided by the time of rfm."""
    rivals = [engine.seconds for name in _RIVALS if (engine := record.engine(name))]
    return words.ratio(record, min(rivals)) if rivals else ""


def _losses(records: Records) -> list[str]:
    """List the cases in which another solution is faster, or needs less memory."""
    rows = []
    for name, record in records.items():
        ours = record.engine("rfm")
        others = [engine for engine in record.measured if ours and engine is not ours]
        if not ours:
            continue
        faster = [e for e in others if e.seconds < ours.seconds]
        smaller = [e for e in others if e.peak_bytes < ours.peak_bytes]
        if faster or smaller:
            rows.append(
                [
                    f"{name}{_scaled(record)}",
                    f"{ours.seconds:.2f} s",
                    ", ".join(f"{e.name} {e.seconds:.2f} s" for e in faster),
                    words.size(ours.peak_bytes),
                    ", ".join(f"{e.name} {words.size(e.peak_bytes)}" for e in smaller),
                ]
            )
    heads = ["case", "rfm", "faster", "memory of rfm", "less memory"]
    return table(heads, rows, words=5) if rows else ["Nowhere among these cases."]


def _cases(records: Records) -> list[str]:
    lines = []
    for name, record in records.items():
        options = " ".join(record.work["rfm_options"])
        title = f"{words.title(record)}{_scaled(record)}, threads {record.work['threads']}"
        lines += ["", f"### {name}", "", f"{title}{f', `{options}`' if options else ''}.", ""]
        lines += table(tables.heads(record), tables.rows(record))
        for note in tables.notes(record):
            lines += ["", note]
    return lines[1:]


def _growth(records: Records, cases: Sequence[str]) -> list[str]:
    heads = ["", "rfm", "ns per row", "bytes per customer", *_RIVALS, "floor"]
    rows = [_growth_row(records[name]) for name in cases if name in records]
    return table(heads, rows)


def _growth_row(record: Record) -> list[str]:
    ours = record.engine("rfm")
    name = words.title(record).partition(":")[0] + _scaled(record)
    cells = [
        f"{seconds_a_row(record) * 1e9:.0f}" if ours else "",
        f"{ours.peak_bytes / record.answer['customers']:.0f}" if ours else "",
    ]
    seconds = [_seconds(record, engine) for engine in ("rfm", *_RIVALS)]
    return [name, seconds[0], *cells, *seconds[1:], f"{record.floor_seconds or 0.0:.2f} s"]


def _threads(records: Records) -> list[str]:
    rows = []
    for pair in _BY_THREADS:
        if all(name in records for name in pair):
            one, two = (records[name] for name in pair)
            for engine in ("rfm", *_RIVALS):
                slow, fast = one.engine(engine), two.engine(engine)
                if slow and fast:
                    ratio = f"{slow.seconds / fast.seconds:.2f}x"
                    times = [f"{seconds.seconds:.2f} s" for seconds in (slow, fast)]
                    rows.append([f"{pair[1]}{_scaled(two)}: {engine}", *times, ratio])
    return table(["", "one thread", "two threads", "ratio"], rows)


def _hostile() -> list[str]:
    place = Path(__file__).parent.parent / RESULTS / HOSTILE
    if not place.exists():
        return ["Not measured."]
    found: dict[str, Any] = json.loads(place.read_text())
    rates = found["rows_per_second"]
    rows = [
        [name, f"{rate / 1e6:.1f} M", f"{rates['random'] / rate:.2f}x"]
        for name, rate in rates.items()
    ]
    return table(["ids", "rows/s, one thread", "time against random"], rows)


def _profile() -> list[str]:
    place = Path(__file__).parent.parent / RESULTS / PROFILE
    if not place.exists():
        return ["Not measured."]
    cases: dict[str, dict[str, float]] = json.loads(place.read_text())["cases"]
    stages = list(dict.fromkeys(stage for found in cases.values() for stage in found))
    stages = [stage for stage in stages if stage not in ("else", "wall")]
    rows = [
        [stage, *(f"{found[stage]:.2f}" if stage in found else "" for found in cases.values())]
        for stage in [*stages, "else"]
    ]
    sums = [sum(found.values()) - found["wall"] for found in cases.values()]
    rows.append(["all, processor", *(f"{seconds:.2f}" for seconds in sums)])
    rows.append(["all, wall", *(f"{found['wall']:.2f}" for found in cases.values())])
    return table(["seconds", *cases], rows)
