"""The memory limit of a run, and how the memory is divided."""

from __future__ import annotations

import re
from typing import NamedTuple

from rfm_engine.errors import RfmError, UsageError, shown
from rfm_engine.options.messages import message

_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,19})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
# Per thread: to read, decode and normalise a row group, or to compute and encode a group of
# customers.
BATCH_BYTES = 136 << 20
# With groups: their ids, and the combined keys. With days: times and amounts of rows being added.
_MORE_BATCH_BYTES = 64 << 20
# LLVM and the compiled loops, or in a first run the compiler. They are loaded after planning.
_LOOPS_BYTES = 64 << 20
_LEAST_BYTES = 32 << 20
_SHARE_WAITING = 4
# One of this number of shares of the tables' memory is left to allocators if ids are bytes, because
# allocators keep the smaller arrays that the tables had before: 20 M text ids exceeded a limit of
# 2 GB by 5%.
_SHARE_KEPT = 8
# The tables keep at least one of this number of shares, no matter how much memory others take.
_LEAST_SHARE = 8
# With distinct rows, the tables get one of this number of shares; with rows of periods, all others.
_SHARES = 4
_PERCENT_OF_AVAILABLE = 80
_MOST_WAITING_BYTES = 1 << 30
_MOST_BYTES = (1 << 63) - 1


class Budget(NamedTuple):
    """Bytes for buffered rows, for the data of customers, and for batches."""

    waiting_bytes: int
    tables_bytes: int
    limit: int | None
    batches_bytes: int = 0

    @property
    def scoring_bytes(self) -> int:
        """Bytes for scoring: no batch is read any more, and none is written yet."""
        return self.waiting_bytes + self.tables_bytes + self.batches_bytes

    @property
    def least_tables_bytes(self) -> int:
        """Bytes for tables, no matter how much memory others take."""
        return self.tables_bytes // _LEAST_SHARE

    def tables_bytes_for(self, *, of_bytes: bool) -> int:
        """Return the initial limit of the tables, for byte ids or for integers."""
        return self.tables_bytes - self.tables_bytes // _SHARE_KEPT * of_bytes

    def shared_with_rows(self) -> tuple[Budget, int]:
        """Return the budget with less for tables, and the bytes for distinct rows.

        Unlike tables, distinct rows cannot be spilled to disk, so that they get the larger share.
        """
        share = self.tables_bytes // _SHARES * (_SHARES - 1)
        return self._replace(tables_bytes=self.tables_bytes - share), share

    def shared_with_periods(self) -> tuple[Budget, int | None]:
        """Return the budget with less for tables, and the bytes for rows of periods.

        Rows that are spilled to disk are written and read once or a few times in sequence, which
        costs less than spilling tables.
        """
        if self.limit is None:
            return self, None
        share = self.tables_bytes // _SHARES
        return self._replace(tables_bytes=self.tables_bytes - share), share

    def refuse_without_room(self, bytes_a_customer: int, n_customers: int) -> None:
        """Refuse to score this many customers if there is no room; more may be on disk.

        Raises
        ------
        RfmError
            There is no room for them.
        """
        if bytes_a_customer * n_customers > self.scoring_bytes:
            raise RfmError(
                message(
                    "{memory_limit} must leave {} bytes per customer for scoring; "
                    "got {:,} bytes for at least {:,} customers. Raise the limit.",
                    bytes_a_customer,
                    self.scoring_bytes,
                    n_customers,
                )
            )


UNLIMITED = Budget(_MOST_WAITING_BYTES, 1 << 62, None)


def batch_bytes(*, by: bool, clv: bool, distinct: bool) -> int:
    """Return the bytes that a thread needs to read and write, depending on the options."""
    return BATCH_BYTES + _MORE_BATCH_BYTES * (by + clv + distinct)


def plan_memory(
    limit: int | None,
    in_use: int,
    threads: int,
    sharing: int = 1,
    a_thread: int = BATCH_BYTES,
) -> Budget:
    """Divide the memory that is left by a limit.

    `in_use` bytes are already in use, and each thread needs `a_thread` bytes. `sharing` totals
    share the rest.

    Raises
    ------
    UsageError
        The limit is too small. The message names the smallest possible limit.
    """
    if limit is None:
        return UNLIMITED
    least = least_limit(in_use, threads, a_thread)
    if limit < least:
        by = "1 thread" if threads == 1 else f"{threads} threads"
        raise UsageError(
            message(
                "{memory_limit} must be at least {} with {}; "
                "got {}. Give more memory or fewer threads.",
                _megabytes(least),
                by,
                _as_typed(limit),
            )
        )
    left = (limit - least + _LEAST_BYTES) // sharing
    waiting = min(left // _SHARE_WAITING, _MOST_WAITING_BYTES)
    return Budget(waiting, left - waiting, limit, threads * a_thread // sharing)


def refuse_small_limit(limit: int, in_use: int) -> None:
    """Refuse a limit that leaves no memory for queries.

    Raises
    ------
    UsageError
        The limit is too small. The message names the smallest possible limit.
    """
    least = in_use + _LOOPS_BYTES + _LEAST_BYTES
    if limit < least:
        raise UsageError(
            message(
                "{memory_limit} must be at least {}; got {}. Give more memory.",
                _megabytes(least), _as_typed(limit),
            )
        )  # fmt: skip


def default_limit(
    available: int | None, in_use: int, threads: int, a_thread: int = BATCH_BYTES
) -> int | None:
    """Return the bytes in use plus 80% of the available bytes; None if these are unknown."""
    if available is None:
        return None
    least = least_limit(in_use, threads, a_thread)
    return max(in_use + available * _PERCENT_OF_AVAILABLE // 100, least)


def least_limit(in_use: int, threads: int, a_thread: int = BATCH_BYTES) -> int:
    """Return the smallest limit that `plan_memory` accepts."""
    return in_use + _LOOPS_BYTES + threads * a_thread + _LEAST_BYTES


def parse_size(size: int | str) -> int:
    """Parse a number of bytes, or a text such as `2GB` (powers of 1,000) or `512MiB` (of 1,024).

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
            message(
                "{memory_limit} must be a size such as 2GB or 512MiB; got {}. Give a size.",
                shown(size),
            )
        )
    number, letter, binary = found.groups()
    power = "KMGT".index(letter.upper()) + 1 if letter else 0
    return min(int(float(number) * (1024 if binary else 1000) ** power), _MOST_BYTES)


def _as_typed(n_bytes: int) -> str:
    """Return a number of bytes as it was probably typed."""
    units = {
        f"{letter}{ending}": base**power
        for power, letter in ((3, "G"), (2, "M"), (1, "K"))
        for ending, base in (("iB", 1024), ("B", 1000))
    }
    unit = next((unit for unit, size in units.items() if n_bytes % size == 0), None)
    return f"{n_bytes:,}" if unit is None else f"{n_bytes // units[unit]:,}{unit}"


def _megabytes(n_bytes: int) -> str:
    return f"{-(-n_bytes // 1_000_000):,}MB"
