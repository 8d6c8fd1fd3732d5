"""Write the files of a snapshot of a history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.history.carried import (
    ABSENT,
    CARRIED,
    CARRIED_FIELDS,
    CUSTOMERS,
    Before,
    Moves,
    first_columns,
    readable,
)
from rfm_engine.history.digest import block_digest, content_digest, digested_columns
from rfm_engine.kernels.arrays import values, whole
from rfm_engine.orders.reading import day_date
from rfm_engine.orders.time.clock import local_days
from rfm_engine.orders.time.zones import Zone
from rfm_engine.output import write_groups
from rfm_engine.output.models import save_model
from rfm_engine.result.result import Result
from rfm_engine.result.sorted_customers import GROUP_ROWS
from rfm_engine.scoring.methods import BY_RANK, NESTED

MODEL = "model.json"


class Written(NamedTuple):
    """What the summary of a snapshot needs besides that of its result."""

    digest: str
    first_day: date | None
    moves: Moves


def write_customers(
    result: Result, folder: Path, before: Before | None, as_of: date, threads: int
) -> Written:
    """Write the customers with carried columns, those who are absent, and the model.

    Parameters
    ----------
    result
        The customers, sorted by id.
    before
        The snapshot before; None if this is the first one.
    """
    names = digested_columns(result.schema)
    blocks: dict[int, str] = {}
    firsts: list[int] = []

    def with_carried(number: int, make: Callable[[], pa.Table]) -> pa.Table:
        table = make()
        blocks[number] = block_digest(table, names)
        if len(table):
            firsts.append(int(values(whole(table["first_order"]), np.int64).min()))
        return _extended(table, before, as_of)

    def groups() -> Iterator[Callable[[], pa.Table]]:
        for number, make in enumerate(result.pieces()):
            yield partial(with_carried, number, make)

    schema = pa.schema([*result.schema, *CARRIED_FIELDS], result.schema.metadata)
    write_groups(groups(), schema, folder / CUSTOMERS, threads=threads)
    _write_absent(before, folder)
    methods = result.options["method"]
    if result.options["by"] is None and not {*methods} & {*BY_RANK, NESTED}:
        save_model(result, folder / MODEL)
    digest = content_digest([blocks[number] for number in sorted(blocks)], result)
    days = local_days(np.array(firsts, np.int64), Zone(result.options["timezone"]))
    first_day = day_date(int(days.min())) if len(days) else None
    n = result.n_customers
    moves = Moves(n, 0, 0) if before is None else before.moves(n)
    return Written(digest, first_day, moves)


def write_again(old: Path, folder: Path, before: Before, as_of: date, threads: int) -> Moves:
    """Write a snapshot again with other carried columns; its other files are copied."""
    source = old / CUSTOMERS
    with readable(source), pq.ParquetFile(source) as opened:
        schema = opened.schema_arrow
        n_rows = opened.metadata.num_rows

    def group(start: int) -> pa.Table:
        table = rows_from(source, start, GROUP_ROWS).drop_columns(list(CARRIED))
        return _extended(table, before, as_of)

    starts = range(0, n_rows, GROUP_ROWS)
    write_groups(
        (partial(group, start) for start in starts), schema, folder / CUSTOMERS, threads=threads
    )
    _write_absent(before, folder)
    if (old / MODEL).exists():
        (folder / MODEL).write_bytes((old / MODEL).read_bytes())
    return before.moves(before.n_counted(folder / CUSTOMERS))


def rows_from(file: Path, start: int, n_rows: int) -> pa.Table:
    """Return some consecutive rows of a Parquet file."""
    tables, first = [], 0
    with readable(file), pq.ParquetFile(file) as opened:
        for number in range(opened.num_row_groups):
            n_here = opened.metadata.row_group(number).num_rows
            if first < start + n_rows and first + n_here > start:
                table = opened.read_row_group(number)
                offset = max(start - first, 0)
                tables.append(table.slice(offset, start + n_rows - first - offset))
            first += n_here
    return pa.concat_tables(tables)


def as_json(about: dict[str, Any]) -> dict[str, Any]:
    """Return a summary as data for JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(about, default=str))
    return plain


def _extended(table: pa.Table, before: Before | None, as_of: date) -> pa.Table:
    columns = first_columns(table, as_of) if before is None else before.carried(table, as_of)
    for field, column in zip(CARRIED_FIELDS, columns, strict=True):
        table = table.append_column(field, column)
    return table


def _write_absent(before: Before | None, folder: Path) -> None:
    absent = None if before is None else before.absent()
    if absent is not None and len(absent):
        write_groups([lambda: absent], absent.schema, folder / ABSENT)
