"""Two snapshots of one population, and the relations that queries about them read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.insight.finishing import Finished
from rfm_engine.kernels.arrays import arrow, arrow_texts
from rfm_engine.movement.judgement import Judgement, codes_of, is_ranked, segments_of
from rfm_engine.movement.pairs import AFTER, BEFORE, Pairs
from rfm_engine.movement.tables import Asked, sql_of
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP
from rfm_engine.query.session import Machine, Query, Session
from rfm_engine.result.snapshot import Snapshot

_COUNTED = ("frequency", "minor", "recency_days")
_NO_CODE = pa.int16()


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
        self._paths: dict[bool, pa.Table] = {}

    @property
    def days(self) -> int:
        """Number of days between the dates."""
        assert self.before.as_of is not None
        assert self.after.as_of is not None
        return (self.after.as_of - self.before.as_of).days

    @property
    def is_lifetime(self) -> bool:
        """Whether all orders count, not only those of a window."""
        return self.after.options["window"] is None

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of all queries: both dates, and what the counts of snapshots mean."""
        return {
            "t0": self.before.as_of, "t1": self.after.as_of, "days": self.days,
            "lifetime": self.is_lifetime, "counted": "change" if self.is_lifetime else "unknown",
        }  # fmt: skip

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
        with self._session(query) as session:
            lists = asked.table.relations(self.after, options)
            session.prepare([query], {**self._relations(query, asked), **lists})
            return session.with_groups(session.run(query, options))

    def _session(self, query: Query) -> Session:
        rows = self._rows if query.sql.reads_rows else None
        return Session(self.after, rows, self._machine, customers=self.pairs.after)

    def _relations(self, query: Query, asked: Asked) -> dict[str, pa.Table | Iterable[pa.Table]]:
        """Return the relations that a query reads, besides those of rows."""
        inputs = query.sql.inputs
        known = {"segments": self._segments, "groups": self._groups}
        found: dict[str, pa.Table | Iterable[pa.Table]] = {
            name: make() for name, make in known.items() if name in inputs
        }
        if "paths" in inputs:
            found["paths"] = self._paths_of(with_swapped=bool(asked.beside))
        if "pairs" in inputs:
            columns = inputs["pairs"] or ()
            found["pairs"] = self.pairs.blocks(_of(columns, BEFORE), _of(columns, AFTER))
        return found

    def _paths_of(self, *, with_swapped: bool) -> pa.Table:
        """Return the relation `paths`, which is computed once."""
        if with_swapped not in self._paths:
            query = Query(sql_of("paths"))
            with self._session(query) as session:
                session.prepare([query], {"pairs": self._judged_pairs(with_swapped=with_swapped)})
                self._paths[with_swapped] = session.run(query, self.parameters)
        return self._paths[with_swapped]

    def _judged_pairs(self, *, with_swapped: bool) -> Iterable[pa.Table]:
        """Yield the pairs with the segments of customers under the criteria of both dates."""
        old = None if is_ranked(self.before) else Judgement(self.before)
        new = Judgement(self.after) if with_swapped else None
        judges = [each for each in (old, new) if each is not None]
        reads = {"segment", *_COUNTED}.union(*(judge.reads for judge in judges))

        def codes(judge: Judgement | None, piece: pa.Table, days: int = 0) -> pa.Array:
            return pa.nulls(len(piece), _NO_CODE) if judge is None else judge.codes(piece, days)

        def before(piece: pa.Table) -> pa.Table:
            return self._coded(piece, aged=codes(old, piece, self.days), swapped=codes(new, piece))

        def after(piece: pa.Table) -> pa.Table:
            return self._coded(piece, frozen=codes(old, piece))

        return self.pairs.blocks(reads, reads, before, after)

    def _coded(self, piece: pa.Table, **codes: pa.Array) -> pa.Table:
        """Return the columns of a piece that paths need."""
        found = piece.select([GROUP, CUSTOMER, *_COUNTED])
        found = found.append_column("code", codes_of(piece["segment"], self.segments))
        for name, column in codes.items():
            found = found.append_column(name, column)
        return found

    def _segments(self) -> pa.Table:
        codes = arrow(np.arange(len(self.segments), dtype=np.int16))
        return pa.table({"code": codes, "segment": arrow_texts(self.segments)})

    def _groups(self) -> pa.Table:
        n = 1 if self.pairs.groups is None else len(self.pairs.groups)
        return pa.table({GROUP: arrow(np.arange(n, dtype=np.int32))})


def _of(columns: Iterable[str], suffix: str) -> list[str]:
    """Return the names of the columns with a suffix, without it."""
    return [name.removesuffix(suffix) for name in columns if name.endswith(suffix)]
