"""Two snapshots of one population, and the relations that queries about them read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.insight.finishing import Finished
from rfm_engine.kernels.arrays import arrow, arrow_texts
from rfm_engine.movement.judgement import codes_of, segments_of
from rfm_engine.movement.pairs import AFTER, BEFORE, Pairs, Pieces, sorted_pieces
from rfm_engine.movement.parameters import counted, days_between, first_day_of
from rfm_engine.movement.paths import AGED, FROZEN, JUDGED, Paths
from rfm_engine.movement.rescoring import aged_snapshot, wide_snapshot
from rfm_engine.movement.tables import Asked, sql_of
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP, Customers
from rfm_engine.query.rows import BucketFolder
from rfm_engine.query.session import Choices, Machine, Query, Session
from rfm_engine.result.snapshot import Snapshot

_MADE_OF = {"code": "segment"}


class Population:
    """The customers of two snapshots, all in groups or all without.

    Parameters
    ----------
    rows
        The orders of the second snapshot; None if no query reads them.

    Attributes
    ----------
    pairs
        The customers side by side.
    segments
        The segments of both snapshots, in the order of the scheme.
    """

    def __init__(self, before: Snapshot, after: Snapshot, rows: object, machine: Machine) -> None:
        self.before, self.after = before, after
        self.pairs = Pairs(before, after)
        self.segments = segments_of(after)
        self._rows = rows
        self._machine = machine
        self._paths: dict[frozenset[str], pa.Table] = {}

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of all queries: both dates, and what the counts of snapshots mean."""
        return {
            "t0": self.before.as_of, "t1": self.after.as_of, "days": self._days,
            "lifetime": self.after.options["window"] is None,
            "counted": counted(self.before, self.after),
            "by_days": self.after.options["frequency"] == "days",
        }  # fmt: skip

    @property
    def _days(self) -> int:
        return days_between(self.before, self.after)

    def finished(self, asked: Asked, options: Mapping[str, Any]) -> Finished:
        """Return a table of these customers, with the group as its first column."""
        settled = {
            **options, **self.parameters,
            **asked.table.parameters(self.before, self.after, options),
        }  # fmt: skip
        found = self._run(asked, settled)
        for file in asked.beside:
            more = self._run(asked._replace(file=file), settled)
            for name in more.column_names:
                if name not in found.column_names:
                    found = found.append_column(name, more[name])
        own = asked.table.finish(found, {**settled, "scale": self.after.scale})
        groups = own.table.column_names[:1] if self.pairs.groups is not None else ()
        return own._replace(copied=tuple(groups))

    def _run(self, asked: Asked, options: Mapping[str, Any]) -> pa.Table:
        """Run a SQL file; the options are its parameters."""
        query = Query(sql_of(asked.file))
        lists = asked.table.relations(self.after, options)
        with ExitStack() as opened:
            session = opened.enter_context(self._session(query, self._wide(asked, opened)))
            session.prepare([query], {**self._relations(query, asked), **lists})
            return session.with_groups(session.run(query, options))

    def _session(self, query: Query, customers: Customers | None = None) -> Session:
        rows = self._rows if query.sql.reads_rows else None
        customers = self.pairs.after if customers is None else customers
        choices = Choices(all_lines=True)  # refunds of customers without an order count too
        return Session(customers.snapshot, rows, self._machine, choices, customers=customers)

    def _wide(self, asked: Asked, opened: ExitStack) -> Customers | None:
        """Return customers with older orders, if the query needs rows that the window leaves out.

        The rows are compared with the second snapshot before they are read again.
        """
        # Without rows, the session refuses the query.
        if asked.since is None or self._rows is None or first_day_of(self.after) <= asked.since:
            return None
        with self._checked():
            pass
        place = self._temporary(opened) / "wide.parquet"
        wide = wide_snapshot(self._rows, self.after, asked.since, place, **self._running)
        return Customers(wide, self.pairs.groups)

    @contextmanager
    def _checked(self) -> Iterator[Session]:
        """Yield a session whose rows have been compared with the second snapshot."""
        query = Query(sql_of("counted-rows"))
        with self._session(query) as session:
            session.prepare([query], {})
            yield session

    def _temporary(self, opened: ExitStack) -> Path:
        folder = tempfile.mkdtemp(prefix="rfm-compare-", dir=self._machine.spill_dir)
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    @property
    def _running(self) -> dict[str, Any]:
        return self._machine._asdict()

    def _relations(self, query: Query, asked: Asked) -> dict[str, pa.Table | Iterable[pa.Table]]:
        """Return the relations that a query reads, besides those of rows."""
        inputs = query.sql.inputs
        known = {"segments": self._segments, "groups": self._groups}
        found: dict[str, pa.Table | Iterable[pa.Table]] = {
            name: make() for name, make in known.items() if name in inputs
        }
        if "paths" in inputs:
            files = [query.sql, *map(sql_of, asked.beside)]
            found["paths"] = self.paths({
                name for file in files for name in file.inputs.get("paths") or ()
            })  # fmt: skip
        if "pairs" in inputs:
            found["pairs"] = self._pairs(inputs["pairs"] or ())
        return found

    def _pairs(self, columns: Collection[str]) -> Pieces:
        """Return the pairs with some columns; `code` is the number of the segment."""

        def side(customers: Customers, suffix: str) -> Pieces:
            names = [name.removesuffix(suffix) for name in columns if name.endswith(suffix)]
            for piece in sorted_pieces(customers, {_MADE_OF.get(name, name) for name in names}):
                if "code" in names:
                    code = arrow(codes_of(piece["segment"], self.segments))
                    piece = piece.append_column("code", code)
                yield piece.select([GROUP, CUSTOMER, *names])

        return self.pairs.joined(side(self.pairs.before, BEFORE), side(self.pairs.after, AFTER))

    def paths(self, columns: Collection[str]) -> pa.Table:
        """Return the relation `paths` with some columns.

        It is kept. More columns change no sum, so that one with more columns is returned too.
        """
        judged = JUDGED.intersection(columns)
        if judged and not self._aging_needs_rows:
            judged |= {AGED, FROZEN}
        for known, found in self._paths.items():
            if judged <= known:
                return found
        query = Query(sql_of("paths"))
        with ExitStack() as opened:
            still = self._aged(opened) if AGED in judged and self._aging_needs_rows else None
            session = opened.enter_context(self._session(query))
            paths = Paths(self.pairs, self.segments, self._days, still, judged)
            session.prepare([], {})
            found = session.run_stream(query, self.parameters, "pairs", paths.pieces())
        self._paths[judged] = found
        return found

    @property
    def _aging_needs_rows(self) -> bool:
        """Whether the rows say which orders drop out of the window as time passes."""
        has_window = self.after.options["window"] is not None
        return has_window and self._rows is not None

    def _aged(self, opened: ExitStack) -> Customers:
        """Return the customers of the first date without the orders that drop out of the window."""
        with self._checked() as session:
            place = self._temporary(opened) / "aged.parquet"
            assert isinstance(session.rows, BucketFolder)
            found = aged_snapshot(session.rows, self.before, place, **self._running)
        return Customers(found, self.pairs.groups)

    def _segments(self) -> pa.Table:
        codes = arrow(np.arange(len(self.segments), dtype=np.int16))
        return pa.table({"code": codes, "segment": arrow_texts(self.segments)})

    def _groups(self) -> pa.Table:
        n = 1 if self.pairs.groups is None else len(self.pairs.groups)
        return pa.table({GROUP: arrow(np.arange(n, dtype=np.int32))})
