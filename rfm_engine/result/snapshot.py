"""Snapshots: scored customers at one date, read from the file that they were written to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError, did_you_mean, path_text
from rfm_engine.options.scoring import WHALE_BY
from rfm_engine.orders.workers import Workers
from rfm_engine.result.id_order import rows_in_order
from rfm_engine.result.metadata import described_by, population_from
from rfm_engine.result.snapshot_files import (
    blocks_of,
    is_scored_csv,
    n_rows_of,
    no_snapshot,
    schema_of,
    table_of,
)
from rfm_engine.result.summary import ScoredPopulation, no_frozen_scheme
from rfm_engine.result.table_chunk import chunk_of_table
from rfm_engine.scoring.survey import Survey
from rfm_engine.scoring.whales import share_of
from rfm_engine.segments.assignment import Everyone, score_everyone
from rfm_engine.segments.conditions import Among, Range
from rfm_engine.segments.fact_plan import FactPlan
from rfm_engine.segments.facts import Facts
from rfm_engine.segments.plan import plan_scoring
from rfm_engine.segments.scheme import AXES
from rfm_engine.segments.whale_values import WhaleValues
from rfm_engine.totals.chunks import CustomerChunk
from rfm_engine.totals.customer_attribute_values import notation_of
from rfm_engine.totals.groups import Grouping
from rfm_engine.totals.ids import as_group, is_among, unknown_group


@dataclass(frozen=True, kw_only=True, repr=False)
class Snapshot(ScoredPopulation):
    """Scored customers that `rfm score` wrote, and how their scores and segments were found.

    Attributes
    ----------
    path
        The file, or the directory of parts.
    schema
        The columns of `customers`.
    n_forgotten
        Number of rows that were deleted because a history had to forget customers. Totals, counts
        and cut points are still those of all customers.

    `Snapshot` also has all attributes of `ScoredPopulation`, with the values of the result.
    """

    path: Path
    schema: pa.Schema
    n_forgotten: int
    _files: tuple[Path, ...]
    _settled: tuple[tuple[Range | Among, ...], ...]
    _frozen_scheme: dict[str, Any] | None
    _survey: str | None
    _within_groups: bool | None = None
    _group: str | None = None

    @property
    def populations(self) -> Sequence[Snapshot]:
        """The snapshot itself, and the one of all groups together if there is one."""
        return [self] if self.overall is None else [self, self.overall]

    @cached_property
    def customers(self) -> pa.Table:
        """The customers of the result as a table; read on first use."""
        return self._own(pa.concat_tables([table_of(file) for file in self._files]))

    def all_rows(self) -> pa.Table:
        """Return all rows of the files, with those of `overall`, and all columns."""
        return pa.concat_tables([table_of(file) for file in self._files])

    def blocks(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of `customers` in pieces, the row groups or batches of the files.

        There is at least one piece.

        Raises
        ------
        UsageError
            The snapshot has no such column.
        """
        read = self._read(names)
        yield self._own(schema_of(self._files[0]).empty_table().select(read)).select(names)
        for file in self._files:
            for block in blocks_of(file, read):
                yield self._own(block).select(names)

    @property
    def is_sorted(self) -> bool:
        """Whether the customers are in the order of their ids."""
        return bool(self.options["sort"] == "customer")

    def own_places(self) -> pa.Array | None:
        """Return for each of `all_rows` its place in `customers`, null for rows of `overall`.

        None means that all rows are customers, in the same order.
        """
        import pyarrow.compute as pc

        if self._within_groups is None:
            return None
        assert self._group is not None
        files = [table_of(file, [self._group]) for file in self._files]
        is_own = pc.is_valid(pa.concat_tables(files)[self._group])
        if not self._within_groups:
            is_own = pc.invert(is_own)
        place = pc.subtract(pc.cumulative_sum(is_own.cast(pa.int64())), 1)
        return pc.if_else(is_own, place, None).combine_chunks()

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Return some columns of `customers`, without reading the others.

        Raises
        ------
        UsageError
            The snapshot has no such column.
        """
        read = self._read(names)
        found = self._own(pa.concat_tables([table_of(file, read) for file in self._files]))
        return found.select(names)

    def _read(self, names: Sequence[str]) -> list[str]:
        """Return the columns of the files that must be read for some columns of `customers`."""
        missing = [name for name in names if name not in self.schema.names]
        if missing:
            raise UsageError(
                f"snapshot {str(self.path)!r} must have the column {missing[0]!r}; got "
                f"{', '.join(self.schema.names)}. "
                + did_you_mean(
                    missing[0], self.schema.names, "Score again with the option that adds it."
                )
            )
        # Groups tell apart the rows of `overall` in the same file.
        group = () if self._group is None else (self._group,)
        return list(dict.fromkeys([*group, *names]))

    def survey(self) -> Survey | None:
        """Return the survey of the customers; None with `by`, or if it would exceed 1 MB."""
        return None if self._survey is None else Survey.from_json(self._survey)

    def settled(self, segment: int) -> tuple[Range | Among, ...]:
        """Return the ranges of the conditions of the n-th segment for these customers."""
        return self._settled[segment]

    def frozen_scheme(self) -> dict[str, Any]:
        """Return the scheme with the numbers found for these customers, as data for JSON.

        Raises
        ------
        UsageError
            Each group has its own cut points.
        """
        if self._frozen_scheme is None:
            raise no_frozen_scheme(self.options["by"])
        return self._frozen_scheme

    def rows_of(self, ids: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows of customers in the order of customer and group.

        Rows of customers among all groups are only in `overall`.
        """
        n_ids = 1 if self.options["by"] is None else 2
        return rows_in_order(self._own(self._where(0, ids)), n_ids)

    def _own(self, table: pa.Table) -> pa.Table:
        """Remove the rows of the other population if the file contains both."""
        import pyarrow.compute as pc

        if self._within_groups is None:
            return table
        has_group = pc.is_valid(table[self._group])
        if self._within_groups:
            return table.filter(has_group)
        return table.filter(pc.invert(has_group)).drop_columns([self._group])

    def of_group(self, group: Any) -> Self:
        """Return this snapshot with the cut points and rules of one group; None is the null group.

        The customers and all counts remain those of all groups.

        Raises
        ------
        UsageError
            There is no such group, or there are no groups.
        """
        options = self.options
        wanted = as_group(group, self.schema, options["by"])
        cuts = {axis: options[f"{axis}_cuts"] for axis in AXES}
        plan = plan_scoring(
            self.scheme, options["method"], options["bins"], cuts, options["monetary"], self.weights
        )
        table = self._own(self._where(1, [wanted]))
        if not table.num_rows:
            raise unknown_group(group, options["by"])
        chunk = chunk_of_table(table)
        with Workers(1) as pool:
            facts = self.facts_of(chunk, table, None, pool) if self.scheme.uses_facts else None
            everyone = Everyone([chunk], self.scale, None, facts)
            scoring = score_everyone(everyone, self.scheme, plan, pool)
        settled = tuple(map(scoring.rules.settled, range(len(self.scheme.segments))))
        totals = None if facts is None else facts.totals()
        return replace(self, _settled=settled, cuts=scoring.fitted.cuts, facts=totals)

    def facts_of(
        self, chunk: CustomerChunk, table: pa.Table, grouping: Grouping | None, pool: Executor
    ) -> Facts:
        """Return the facts of customers as if they were all, or within groups.

        They are computed with the options and limits of the snapshot, or the defaults if it has no
        facts. `table` has the columns of the customers; of attributes only `whale_attribute`.
        """
        plan = FactPlan(share_of("20%"), "20%", WHALE_BY[0])
        if self.facts is not None:
            share, by = self.facts.whale_share, self.facts.whale_by
            limits = self.scheme.facts if self.scheme.uses_facts else None
            plan = FactPlan(share_of(share), share, by, limits)
        values, name = None, self.whale_attribute
        if name is not None:
            values = WhaleValues.of_column(table[name], name, notation_of(self.options))
        return Facts.of([chunk], plan, grouping, values, self.scale, pool)

    @property
    def whale_attribute(self) -> str | None:
        """The attribute by which customers are whales; None if it is a measure."""
        by = WHALE_BY[0] if self.facts is None else self.facts.whale_by
        return None if by in WHALE_BY else by

    def _where(self, column: int, wanted: Sequence[Any]) -> pa.Table:
        """Return the rows with a wanted value in a column; this column is read first."""
        import pyarrow.compute as pc

        name = self.schema.names[column]
        found = []
        for file in self._files:
            mask = is_among(table_of(file, [name])[name], wanted)
            if pc.any(mask).as_py():
                found.append(table_of(file).filter(mask))
        return pa.concat_tables([schema_of(self._files[0]).empty_table(), *found])


def read_snapshot(path: str | os.PathLike[str]) -> Snapshot:
    """Read a snapshot: an output of `rfm score`, a file or a directory of parts.

    The customers are read on first use of `customers`.

    Raises
    ------
    UsageError
        The file does not exist, or is not Parquet or Arrow IPC that `rfm score` wrote. A CSV has no
        metadata and cannot be a snapshot.
    DataError
        The metadata are damaged, or customers are missing.

    Examples
    --------
    >>> import tempfile, rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = folder + "/customers.parquet"
    ...     result = rfm.score(simulate(customers=20, orders=50), as_of="newest", output=path)
    ...     snapshot = rfm.read_snapshot(path)
    ...     snapshot.cuts == result.cuts, snapshot.customers.num_rows
    (True, 20)
    """
    place = Path(path_text("snapshot", path))
    files = tuple(sorted(place.glob("part-*.parquet"))) if place.is_dir() else (place,)
    if not files:
        raise UsageError(
            f"snapshot must be a file or a directory of parts; got {str(place)!r} without parts. "
            "Give an output of rfm score."
        )
    snapshot = snapshot_described_by(schema_of(files[0]), place, files)
    refuse_part(snapshot, sum(map(n_rows_of, files)))
    return snapshot


def snapshot_described_by(schema: pa.Schema, place: Path, files: tuple[Path, ...]) -> Snapshot:
    """Return the snapshot that the metadata of a schema describe, without reading its files.

    Raises
    ------
    UsageError, DataError
        The metadata are not the metadata of a snapshot, or are damaged.
    """
    about = described_by(schema.metadata, str(place))
    n_forgotten = about.get("forgotten_rows", 0)
    of_place = {"path": place, "schema": schema, "n_forgotten": n_forgotten, "_files": files}
    overall = None
    if "overall" in about:
        own = about["overall"]
        of_place["_group"] = schema.names[1]
        fields = population_from(about, own, str(place)) | of_place
        fields["schema"] = schema.remove(1)
        fields["options"] |= {"by": None, "overall": False}
        overall = Snapshot(
            **fields, overall=None, _settled=_ranges(own), _survey=None, _within_groups=False,
            _frozen_scheme=own["frozen_scheme"],
        )  # fmt: skip
    fields = population_from(about, about, str(place)) | of_place
    return Snapshot(
        **fields,
        overall=overall,
        _settled=_ranges(about),
        _survey=about["survey"],
        _frozen_scheme=about["frozen_scheme"],
        _within_groups=None if overall is None else True,
    )


def refuse_part(snapshot: Snapshot, n_rows: int) -> None:
    """Refuse a directory with a missing part, and a single part of a directory.

    `n_rows` is the number of rows of all files.

    Raises
    ------
    DataError
        Rows are missing, or there are too many.
    """
    expected = snapshot.n_customers - snapshot.n_forgotten
    expected += 0 if snapshot.overall is None else snapshot.overall.n_customers
    if n_rows != expected:
        raise DataError(
            f"snapshot {str(snapshot.path)!r} must have all of its {expected:,} rows; got "
            f"{n_rows:,}. Give the directory with all parts, or score the orders again."
        )


def snapshot_of(inputs: object) -> Snapshot | None:
    """Return the snapshot at a path, or None if the path is something else.

    Raises
    ------
    UsageError, DataError
        The snapshot is damaged, or the file is a CSV of scored customers.
    """
    several = inputs if isinstance(inputs, list | tuple) else [inputs]
    if len(several) != 1 or not isinstance(several[0], str | os.PathLike):
        return None
    place = Path(several[0])
    files = sorted(place.glob("part-*.parquet")) if place.is_dir() else [place]
    if not files or not files[0].is_file():
        return None
    if is_scored_csv(files[0]):
        raise no_snapshot(files[0])
    if not _has_metadata(files[0]):
        return None
    return read_snapshot(place)


def _has_metadata(file: Path) -> bool:
    try:
        return b"rfm_engine" in (schema_of(file).metadata or {})
    except (UsageError, DataError):
        return False


def _ranges(own: dict[str, Any]) -> tuple[tuple[Range | Among, ...], ...]:
    return tuple(tuple(map(_range, ranges)) for ranges in own["settled"])


def _range(written: list[Any]) -> Range | Among:
    measure, *rest = written
    return Among(measure, tuple(rest[0])) if len(rest) == 1 else Range(measure, *rest)
