"""Run a SQL file on Arrow tables."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rfm_engine.query.connection import connection, lock
from rfm_engine.query.relations import run_query
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import SqlFile


def run_on_tables(
    sql: SqlFile,
    tables: Mapping[str, pa.Table],
    parameters: Mapping[str, Any],
    machine: Machine,
    files: Mapping[str, Sequence[Path]] | None = None,
) -> pa.Table:
    """Run a query whose relations are tables in memory; return its result.

    Relations can also be Parquet `files` together; only the columns that the query reads are read.

    Raises
    ------
    UsageError
        The query is wrong.
    RfmError
        The machine fails.
    """
    files = files or {}
    folders = [file.parent for several in files.values() for file in several]
    with (
        tempfile.TemporaryDirectory(prefix="rfm-tables-", dir=machine.spill_dir) as folder,
        connection(
            folders, Path(folder), threads=machine.threads, memory_limit=machine.memory_limit
        ) as opened,
    ):  # fmt: skip
        for name, table in tables.items():
            opened.register(name, table)
        for name, several in files.items():
            places = list(map(str, several))
            opened.read_parquet(places, hive_partitioning=False).create_view(name)
        lock(opened)
        return run_query(opened, sql, parameters)
