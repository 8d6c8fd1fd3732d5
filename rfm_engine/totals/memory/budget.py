"""How much memory a run may take, and how it is divided."""

from __future__ import annotations

import re
from typing import NamedTuple

from rfm_engine.errors import RfmError, UsageError, shown

_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,19})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
# A row group as it is read, decoded and normalised; a group of customers made and encoded.
BATCH_BYTES = 136 << 20
# With groups their ids, and keys of both; with days the times and amounts of rows being added.
_MORE_BATCH_BYTES = 64 << 20
# LLVM and the loops, or in a first run the compiler: loaded after the plan is made.
_LOOPS_BYTES = 64 << 20
_LEAST_BYTES = 32 << 20
_SHARE_WAITING = 4
# Of what tables of byte ids may take, so much is left to allocators, which keep the smaller arrays
# that these had before: 20 M ids of text passed a limit of 2 GB by 5%.
_SHARE_KEPT = 8
# Tables keep so much of what was planned, whatever else takes memory.
_LEAST_SHARE = 8
# With distinct rows, the tables get one of this number of shares.
_SHARES = 4
_PERCENT_OF_AVAILABLE = 80
_MOST_WAITING_BYTES = 1 << 30
_MOST_BYTES = (1 << 63) - 1


class Budget(NamedTuple):
    """Bytes for rows that wait, for all that is known of customers, and for batches."""

    waiting_bytes: int
    tables_bytes: int
    limit: int | None
    batches_bytes: int = 0

    @property
    def scoring_bytes(self) -> int:
        """What scoring may take: batches are gone by then, and none is written yet."""
        return self.waiting_bytes + self.tables_bytes + self.batches_bytes

    @property
    def least_tables_bytes(self) -> int:
        """What tables may take however much others are seen to take."""
        return self.tables_bytes // _LEAST_SHARE

    def tables_bytes_for(self, *, of_bytes: bool) -> int:
        """Return what tables may take to begin with, of byte ids or of integers."""
        return self.tables_bytes - self.tables_bytes // _SHARE_KEPT * of_bytes

    def shared_with_rows(self) -> tuple[Budget, int]:
        """Return what is left for tables, and the bytes for distinct rows.

        Rows cannot go to disk as tables can, so they get the greater share.
        """
        share = self.tables_bytes // _SHARES * (_SHARES - 1)
        return self._replace(tables_bytes=self.tables_bytes - share), share

    def refuse_without_room(self, bytes_a_customer: int, n_customers: int) -> None:
        """Refuse to score so many customers, of whom more may be on disk.

        Raises
        ------
        RfmError
            There is no room for them.
        """
        if bytes_a_customer * n_customers > self.scoring_bytes:
            raise RfmError(
                f"memory_limit must leave {bytes_a_customer} bytes a customer for scoring; got "
                f"{self.scoring_bytes:,} bytes for {n_customers:,} customers or more. Raise it."
            )


UNLIMITED = Budget(_MOST_WAITING_BYTES, 1 << 62, None)


def batch_bytes(*, by: bool, clv: bool, distinct: bool) -> int:
    """Return what a thread takes to read and write, with groups, days or distinct rows."""
    return BATCH_BYTES + _MORE_BATCH_BYTES * (by + clv + distinct)


def plan_memory(
    limit: int | None,
    in_use: int,
    threads: int,
    sharing: int = 1,
    a_thread: int = BATCH_BYTES,
) -> Budget:
    """Divide what a limit leaves besides what is in use and what threads take `a_thread`.

    So many totals share it.

    Raises
    ------
    UsageError
        It does not leave enough to begin with; the message says how much would.
    """
    if limit is None:
        return UNLIMITED
    least = least_limit(in_use, threads, a_thread)
    if limit < least:
        by = "1 thread" if threads == 1 else f"{threads} threads"
        raise UsageError(
            f"memory_limit must be at least {_megabytes(least)} with {by}; "
            f"got {_megabytes(limit)}. Give more memory or fewer threads."
        )
    left = (limit - least + _LEAST_BYTES) // sharing
    waiting = min(left // _SHARE_WAITING, _MOST_WAITING_BYTES)
    return Budget(waiting, left - waiting, limit, threads * a_thread // sharing)


def default_limit(
    available: int | None, in_use: int, threads: int, a_thread: int = BATCH_BYTES
) -> int | None:
    """Return what is in use and 80% of what is available, None where that is unknown."""
    if available is None:
        return None
    least = least_limit(in_use, threads, a_thread)
    return max(in_use + available * _PERCENT_OF_AVAILABLE // 100, least)


def least_limit(in_use: int, threads: int, a_thread: int = BATCH_BYTES) -> int:
    """Return the least limit that `plan_memory` takes."""
    return in_use + _LOOPS_BYTES + threads * a_thread + _LEAST_BYTES


def parse_size(size: int | str) -> int:
    """Read bytes, or a text like `2GB` (thousands) or `512MiB` (of 1,024).

    Raises
    ------
    UsageError
        It is neither.
    """
    if type(size) is int and 0 < size <= _MOST_BYTES:
        return size
    found = _SIZE.fullmatch(size.strip()) if isinstance(size, str) else None
    if found is None or float(found[1]) == 0:
        raise UsageError(
            f"memory_limit must be a size such as 2GB or 512MiB; got {shown(size)}. Give one."
        )
    number, letter, binary = found.groups()
    power = "KMGT".index(letter.upper()) + 1 if letter else 0
    return min(int(float(number) * (1024 if binary else 1000) ** power), _MOST_BYTES)


def _megabytes(n_bytes: int) -> str:
    return f"{-(-n_bytes // 1_000_000):,}MB"
