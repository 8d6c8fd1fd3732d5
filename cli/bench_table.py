"""Print a benchmark as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rfm_engine.bench import tables, words

if TYPE_CHECKING:
    from rich.console import Console

    from rfm_engine.bench.record import Record

_LEGEND = "times in seconds: median and range of warm runs, processor time, first run (cold)"


def print_record(console: Console, record: Record) -> None:
    """Print the work, the machine, and one row per solution."""
    from rich import box
    from rich.table import Table

    work = f"{words.title(record)}, threads {record.work['threads']}"
    for line in (work, words.machine(record), _answers(record), _LEGEND):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for number, head in enumerate(tables.heads(record)):
        table.add_column(head, justify="right" if number else "left", no_wrap=True)
    for row in tables.rows(record):
        table.add_row(*row, style="bold" if row[0] == "rfm" else "")
    console.print(table)
    for note in tables.notes(record):
        console.print(note, highlight=False, markup=False, soft_wrap=True)


def _answers(record: Record) -> str:
    names = [engine.name for engine in record.measured]
    customers = record.answer.get("customers", 0)
    size = words.size(record.work["bytes"])
    return f"input {size}; equal answers for {customers:,} customers from {', '.join(names)}"
