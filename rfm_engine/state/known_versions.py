"""Which versions of a Delta table a state contains, by the fingerprints in its ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from rfm_engine.errors import DataError
from rfm_engine.orders.sources.table_places import DELTA
from rfm_engine.orders.sources.tables.delta_log import DeltaLog
from rfm_engine.state.ledger import KnownBatches

RESTATE = "Create a new state and ingest {} into it, which adds all rows of the table."
_VERSION = re.compile(r"(?P<whole>\.\.)?(?P<version>\d+)(?:#(?P<digest>[0-9a-f]{64}))?")


def mark_of(table: str, version: int, digest: str | None, *, is_whole: bool = False) -> str:
    """Return the fingerprint of a version of a table.

    It has the id of the table, so that it is the same wherever the table is and however its path
    is written.

    Parameters
    ----------
    table
        The id of the table.
    version
        The version.
    digest
        The SHA-256 of its commit; None if the log has the commit no more.
    is_whole
        Whether the batch has all rows of the table in this version, and not only the added ones.
    """
    own = "" if digest is None else f"#{digest}"
    return f"{_start(table)}{'..' if is_whole else ''}{version}{own}"


@dataclass(frozen=True)
class KnownVersions:
    """The versions of a table that were ingested.

    Attributes
    ----------
    whole
        The version in which the whole table was ingested; all versions up to it are known.
    batches
        The id of the batch of each version, including `whole`.
    digests
        The SHA-256 of the commit of each version, as far as it was known.
    """

    whole: int | None
    batches: Mapping[int, str]
    digests: Mapping[int, str]

    @classmethod
    def of(cls, log: DeltaLog, table: str, known: KnownBatches) -> Self:
        """Return the known versions of a table.

        Parameters
        ----------
        log
            Its log.
        table
            The id of the table.
        known
            The batches of the state.

        Raises
        ------
        DataError
            The state has versions of another table at the same place, or of a table that this one
            has replaced or is a copy of.
        """
        whole, batches, digests = None, {}, {}
        start = _start(table)
        for mark, batch in known.beginning(start).items():
            found = _VERSION.fullmatch(mark, len(start))
            assert found is not None, mark
            version = int(found["version"])
            batches[version] = batch
            if found["whole"]:
                whole = version
            if found["digest"]:
                digests[version] = found["digest"]
        made = cls(whole, batches, digests)
        made._refuse_another(log, table, known)
        made._refuse_another_history(log)
        return made

    def batch(self, version: int) -> str | None:
        """Return the id of the batch that contains a version; None if no batch does."""
        if self.whole is not None and version <= self.whole:
            return self.batches[self.whole]
        return self.batches.get(version)

    def newest(self, until: int) -> int | None:
        """Return the newest known version that is not after another one."""
        if self.whole is not None and until <= self.whole:
            return until
        return max((each for each in self.batches if each <= until), default=None)

    def _refuse_another(self, log: DeltaLog, table: str, known: KnownBatches) -> None:
        """Refuse a table at the place of another one, and one that has replaced another one."""
        start, own = f"{DELTA}{log.name}@", {*self.batches.values()}
        names = known.ids_beginning(start)
        others = {each for each in names if each.removeprefix(start).isdecimal()} - own
        got = "another table at the same place"
        if not (others or self.batches) and known.beginning(DELTA):
            replaced = log.ids() - {table}
            others = {name for each in replaced for name in known.beginning(_start(each)).values()}
            got = "a table that has replaced it"
        if others:
            raise DataError(
                f"{DELTA}{log.name} must be the table of which the state has {min(others)}; got "
                f"{got}. Create a new state for it."
            )

    def _refuse_another_history(self, log: DeltaLog) -> None:
        """Refuse a copy of the table to which other versions were added, or that lacks some."""
        newest = max(self.batches, default=log.newest)
        restate = RESTATE.format(f"{DELTA}{log.name}")
        if newest > log.newest:
            raise DataError(
                f"{DELTA}{log.name} must have version {newest}, because the state has it; got "
                f"{log.newest} as the newest version. If the table was restored: {restate}"
            )
        checked = max(self.digests.keys() & log.versions, default=None)
        if checked is not None and log.digest(checked) != self.digests[checked]:
            raise DataError(
                f"{DELTA}{log.name}@{checked} must be the version that the state has; got another "
                f"one, because the table was restored or replaced since. {restate}"
            )


def _start(table: str) -> str:
    return f"{DELTA}{table}@"
