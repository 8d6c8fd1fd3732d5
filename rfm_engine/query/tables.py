"""Run a SQL file on Arrow tables."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.query.connection import connection, lock
from rfm_engine.query.relations import quoted, run_query
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import SqlFile


class ParquetFiles(NamedTuple):
    """A relation of Parquet files together.

    Attributes
    ----------
    places
        The files, at least one.
    names
        The columns of the files by their names in the relation; a column that is None is 0 in all
        rows. Without names the relation has all columns.
    """

    places: Sequence[Path]
    names: Mapping[str, str | None] | None = None


def run_on_tables(
    sql: SqlFile,
    tables: Mapping[str, pa.Table],
    parameters: Mapping[str, Any],
    machine: Machine,
    files: Mapping[str, ParquetFiles] | None = None,
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
    folders = [place.parent for several in files.values() for place in several.places]
    with (
        tempfile.TemporaryDirectory(prefix="rfm-tables-", dir=machine.spill_dir) as folder,
        connection(
            folders, Path(folder), threads=machine.threads, memory_limit=machine.memory_limit
        ) as opened,
    ):  # fmt: skip
        for name, table in tables.items():
            opened.register(name, table)
        for name, several in files.items():
            relation = opened.read_parquet(list(map(str, several.places)), hive_partitioning=False)
            if several.names is not None:
                relation = relation.project(", ".join(starmap(_renamed, several.names.items())))
            relation.create_view(name)
        lock(opened)
        return run_query(opened, sql, parameters)


def _renamed(new: str, old: str | None) -> str:
    return f"{'0' if old is None else quoted(old)} as {quoted(new)}"
