"""Tables in DuckDB for a computation of several queries, in a private folder that is deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from rfm_engine.errors import RfmError
from rfm_engine.query.connection import connection, failures, lock
from rfm_engine.query.relations import opened_query, quoted, run_query
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import SqlFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DEFAULT_MEMORY = 5 << 28
"""Bytes that the tables may take if no limit is given; the rest is written to the folder."""


class Workspace:
    """Tables that are larger than memory: what does not fit is written to a folder of mode 0700."""

    _opened: DuckDBPyConnection

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._held = ExitStack()

    def __enter__(self) -> Self:
        machine = self._machine
        made = tempfile.TemporaryDirectory(prefix="rfm-tables-", dir=machine.spill_dir)
        folder = Path(self._held.enter_context(made))
        limit = _DEFAULT_MEMORY if machine.memory_limit is None else machine.memory_limit
        self._opened = self._held.enter_context(
            connection([], folder, threads=machine.threads, memory_limit=limit)
        )
        # A table that is made from a sorted query is sorted, and `rowid` numbers its rows.
        self._opened.execute("set preserve_insertion_order = true")
        lock(self._opened)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def load(self, name: str, pieces: Iterable[pa.Table]) -> None:
        """Create a table from pieces, of which there is at least one."""
        is_first = True
        for piece in pieces:
            if is_first:
                with failures(name), self._registered("piece", piece):
                    self._opened.execute(f"create table {quoted(name)} as select * from piece")
                is_first = False
            elif len(piece):
                with failures(name), self._registered("piece", piece):
                    self._opened.execute(f"insert into {quoted(name)} select * from piece")

    def load_joined(
        self, name: str, sql: SqlFile, stream: str, schema: pa.Schema, pieces: Iterable[pa.Table]
    ) -> None:
        """Create a table from a query that reads pieces once, as the relation `stream`.

        Raises
        ------
        RfmError
            The machine fails, or an error of `pieces`, which is not changed.
        """
        failed: list[BaseException] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for piece in pieces:
                    yield from piece.to_batches()
            except BaseException as error:  # also Ctrl-C, which DuckDB would call wrong SQL
                failed.append(error)
                raise

        reader = pa.RecordBatchReader.from_batches(schema, batches())
        try:
            with self._registered(stream, reader):
                self.keep(name, sql, {})
        except RfmError:
            if failed:
                raise failed[0] from None
            raise

    def keep(self, name: str, sql: SqlFile, parameters: Mapping[str, Any]) -> None:
        """Create a table from a query."""
        with failures(sql.place):
            opened_query(self._opened, sql, parameters).create(quoted(name))

    def answer(self, sql: SqlFile, parameters: Mapping[str, Any]) -> pa.Table:
        """Return the result of a query."""
        return run_query(self._opened, sql, parameters)

    def slices(
        self, sql: SqlFile, n_rows: int, size: int, parameters: Mapping[str, Any]
    ) -> Iterator[pa.Table]:
        """Yield the results of a query for rows `$low` to `$high`, both included, from 0.

        The result of one query for all rows would not be written to the folder.
        """
        for low in range(0, n_rows, size):
            span = {"low": low, "high": min(low + size, n_rows) - 1}
            yield self.answer(sql, {**parameters, **span})

    def count(self, name: str) -> int:
        """Return the number of rows of a table."""
        with failures(name):
            [[found]] = self._opened.execute(f"select count(*) from {quoted(name)}").fetchall()
        return int(found)

    def drop(self, name: str) -> None:
        """Delete a table."""
        with failures(name):
            self._opened.execute(f"drop table {quoted(name)}")

    def _registered(self, name: str, data: object) -> _Registered:
        return _Registered(self._opened, name, data)


class _Registered:
    """A relation of Arrow data that exists as long as a `with` block."""

    def __init__(self, opened: DuckDBPyConnection, name: str, data: object) -> None:
        self._opened, self._name = opened, name
        opened.register(name, data)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._opened.unregister(self._name)
