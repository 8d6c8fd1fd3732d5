"""Which versions of a Delta table a state contains, by the fingerprints in its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from rfm_engine.state.ledger import KnownBatches


def mark_of(table: str, version: int, *, is_whole: bool = False) -> str:
    """Return the fingerprint of a version of a table.

    It has the id of the table, so that it is the same wherever the table is and however its path
    is written.

    Parameters
    ----------
    table
        The id of the table.
    version
        The version.
    is_whole
        Whether the batch has all rows of the table in this version, and not only the added ones.
    """
    return f"delta:{table}@{'..' if is_whole else ''}{version}"


@dataclass(frozen=True)
class KnownVersions:
    """The versions of a table that were ingested.

    Attributes
    ----------
    whole
        The version in which the whole table was ingested; all versions up to it are known.
    batches
        The id of the batch of each version, including `whole`.
    """

    whole: int | None
    batches: Mapping[int, str]

    @classmethod
    def of(cls, table: str, known: KnownBatches) -> Self:
        """Return the known versions of the table with an id."""
        whole, batches = None, {}
        start = mark_of(table, 0).removesuffix("0")
        for mark, batch in known.beginning(start).items():
            version = mark.removeprefix(start)
            if version.startswith(".."):
                whole = int(version[2:])
            batches[int(version.removeprefix(".."))] = batch
        return cls(whole, batches)

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
