"""The rows of the table of a benchmark as text, for the terminal and the documents."""

from __future__ import annotations

from rfm_engine.bench import words
from rfm_engine.bench.record import EngineRecord, Record, median


def heads(record: Record) -> list[str]:
    """Return the names of the columns."""
    set_up = ["set-up"] if record.work["in_memory"] else []
    return [
        "solution", "warm", "range", "vs rfm", "rows/s", "cpu", "memory", "cold", *set_up,
    ]  # fmt: skip


def rows(record: Record) -> list[list[str]]:
    """Return one row per solution, one for the floor, and one per start-up time."""
    table = [_engine_row(record, engine) for engine in record.engines]
    if record.floor_seconds is not None:
        table.append(_short_row(record, "floor", record.floor_seconds))
    for engine in record.measured:
        if engine.start_up:
            row = _short_row(record, f"start-up {engine.name}", engine.start_up_seconds)
            processor = median(sample.processor_seconds for sample in engine.start_up)
            row[heads(record).index("cpu")] = f"{processor:.2f}"
            table.append(row)
    return table


def notes(record: Record) -> list[str]:
    """Return a line for each solution without times, with the reason."""
    return [
        f"{engine.name}: {engine.status}{f', {engine.why}' if engine.why else ''}"
        for engine in record.engines
        if engine.status != "measured"
    ]


def _engine_row(record: Record, engine: EngineRecord) -> list[str]:
    if engine.status != "measured" or engine.cold is None:
        return [engine.name, *["-"] * (len(heads(record)) - 1)]
    row = [
        engine.name,
        f"{engine.seconds:.2f}",
        words.spread(engine),
        words.ratio(record, engine.seconds),
        words.rate(record, engine),
        f"{median(sample.processor_seconds for sample in engine.warm):.2f}",
        words.size(engine.peak_bytes),
        f"{engine.cold.seconds:.2f}",
    ]
    if record.work["in_memory"]:
        row.append(f"{median(sample.set_up_seconds or 0.0 for sample in engine.warm):.2f}")
    return row


def _short_row(record: Record, name: str, seconds: float) -> list[str]:
    cells = [name, f"{seconds:.2f}", "", words.ratio(record, seconds)]
    return [*cells, *[""] * (len(heads(record)) - len(cells))]
