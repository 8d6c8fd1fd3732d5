"""Plan which versions of a Delta table to add to a state, and check all before any is added."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.place import Source
from rfm_engine.orders.sources.entry import files_of
from rfm_engine.orders.sources.table_places import DELTA, DeltaPlace
from rfm_engine.orders.sources.tables.delta_actions import Commit, Definition
from rfm_engine.orders.sources.tables.delta_log import DeltaLog
from rfm_engine.state.ingest import opened, reading_of
from rfm_engine.state.known_versions import RESTATE, KnownVersions, mark_of
from rfm_engine.state.ledger import KnownBatches
from rfm_engine.state.store import Current


class Step(NamedTuple):
    """A version to add.

    Attributes
    ----------
    version
        The version.
    batch
        The id of its batch.
    mark
        Its fingerprint.
    sources
        The rows, opened.
    """

    version: int
    batch: str
    mark: str
    sources: list[Source]


@dataclass(frozen=True)
class Plan:
    """The versions to add, and those that are not added.

    Attributes
    ----------
    steps
        The versions to add.
    skipped
        Those that were ingested before, each with its batch.
    without_rows
        Those that add no rows, each with what made it.
    gaps
        Ranges of versions between ingested ones that are in no batch, as inputs.
    """

    steps: list[Step] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    without_rows: dict[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()


def plan_of(
    log: DeltaLog,
    definition: Definition,
    place: DeltaPlace,
    current: Current,
    store_timeout: float | str,
) -> Plan:
    """Plan an ingest of versions of a table.

    Raises
    ------
    UsageError
        A version does not exist, its log or its files were deleted, or a needed column is missing.
    DataError
        A version removes rows or its log is damaged, or the state has another table at its place.
    """
    ledger = KnownBatches(current.generation.ledger, current)
    known = KnownVersions.of(log, definition.id, ledger)
    planning = _Planning(log, definition, known, current, store_timeout)
    if place.versions is not None:
        first, last = place.versions
    else:
        last = log.newest if place.version is None else place.version
        planning.refuse_later(last)
        if not known.batches:
            return planning.whole(place.path, last)
        first = planning.after(last)
    planning.refuse_later(last)
    plan = planning.each(range(first, last + 1), last)
    return replace(plan, gaps=planning.gaps(plan))


@dataclass(frozen=True)
class _Planning:
    log: DeltaLog
    definition: Definition
    known: KnownVersions
    current: Current
    store_timeout: float | str

    def name(self, version: int) -> str:
        """Return the id of the batch of a version."""
        return f"{DELTA}{self.log.name}@{version}"

    def refuse_later(self, version: int) -> None:
        """Refuse a version that does not exist yet."""
        if version > self.log.newest:
            raise UsageError(
                f"{self.name(version)} must exist; got {self.log.newest} as the newest version. "
                "Ingest versions when they are written."
            )

    def after(self, last: int) -> int:
        """Return the first version to add so that the state has the table up to `last`."""
        newest = self.known.newest(last)
        if newest is None:
            raise UsageError(
                f"{self.name(last)} must not be before the versions in the state; got "
                f"{min(self.known.batches)} as the oldest one. Give a range, or a newer version."
            )
        return newest + 1

    def whole(self, path: str, version: int) -> Plan:
        """Plan to add all rows of the table in a version."""
        parts = files_of(f"{DELTA}{path}@{version}", store_timeout=self.store_timeout)
        assert parts is not None
        reading = reading_of(self.current.manifest)
        sources = opened(parts, reading, self.current.generation)
        if all(source.n_rows == 0 for source in sources):
            return Plan(without_rows={self.name(version): ""})
        return Plan([self._step(version, sources, is_whole=True)])

    def each(self, versions: range, last: int) -> Plan:
        """Plan to add what versions have added; `last` was asked for."""
        plan = Plan()
        held = {version: self.known.batch(version) for version in (*versions, last)}
        plan.skipped.update((self.name(v), batch) for v, batch in held.items() if batch)
        commits = [self._checked(version) for version in versions if not held[version]]
        reading = reading_of(self.current.manifest)
        for commit in commits:
            if not commit.added:
                plan.without_rows[self.name(commit.version)] = commit.operation
                continue
            parts = self.log.parts(commit, self.definition)
            sources = opened(parts, reading, self.current.generation)
            plan.steps.append(self._step(commit.version, sources))
        return plan

    def _step(self, version: int, sources: list[Source], *, is_whole: bool = False) -> Step:
        mark = mark_of(self.definition.id, version, self.log.digest(version), is_whole=is_whole)
        return Step(version, self.name(version), mark, sources)

    def gaps(self, plan: Plan) -> tuple[str, ...]:
        """Return the versions with rows between known ones, and in no batch, as ranges.

        Those before the oldest known version are none: orders before it may come from files.
        Those whose commits were deleted from the log could not be added, so that they are none too.
        """
        known = {*self.known.batches, *(step.version for step in plan.steps)}
        between = range(min(known, default=0), max(known, default=0))
        left = [v for v in between if v not in known and v in self.log.versions]
        found: list[tuple[int, int]] = []
        for version in left:
            if self.known.batch(version) is None and self.log.commit(version).has_changed:
                joins = bool(found) and not known.intersection(range(found[-1][0], version))
                found.append((found.pop()[0] if joins else version, version))
        return tuple(f"{DELTA}{self.log.name}@{first}..{last}" for first, last in found)

    def _checked(self, version: int) -> Commit:
        restate = RESTATE.format(f"{DELTA}{self.log.name}")
        if version not in self.log.versions:
            later = [each for each in self.log.versions if each > version]
            got = f"{min(later)} as the next version" if later else "no later version"
            raise UsageError(
                f"{self.name(version)} must be in the log of the table; got {got} there. {restate}"
            )
        commit = self.log.commit(version)
        if commit.has_removed or any(each.has_deleted_rows for each in commit.added):
            by = f" by {commit.operation}" if commit.operation else ""
            raise DataError(
                f"{self.name(version)} must only add rows; got a version that removes rows{by}. "
                f"{restate}"
            )
        if (gone := self.log.gone(commit)) is not None:
            raise UsageError(
                f"{self.name(version)} must still have its files; got no {gone}, which was deleted "
                f"from the table since. {restate}"
            )
        return commit
