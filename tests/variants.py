"""Select internal variants of totals; all must return the same results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import pytest

from rfm_engine.totals import accumulator, population
from rfm_engine.totals.buffer import batch, rows
from rfm_engine.totals.dated import side
from rfm_engine.totals.dated.rows import PeriodRows
from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.tables import dense_ids, partitions, table_plan

# Memory for one batch at a time, so that every batch is a round.
_ROUNDS = [(rows, "_FEWEST_BYTES", 1), (partitions, "_LEAST_WAITING_BYTES", 1)]
_MOST_TABLES = [(partitions, "MANY_BITS", 6), (table_plan, "MANY_BITS", 6)]
_MANY_TABLES = [
    (partitions, "_MOST_A_TABLE", 0),
    *_MOST_TABLES,
]
_AT_ONCE = [
    (table_plan, "_ROWS_A_TABLE", Fraction(1, 100)),
    (table_plan, "_CUSTOMERS_A_TABLE", 1),
    *_MOST_TABLES,
]
_DENSE = [(dense_ids, "_FEWEST_ROWS", 1), (dense_ids, "_IDS_A_CUSTOMER", 1 << 20)]
_NO_ROOM = [(population, f"{what}_BYTES_A_CUSTOMER", 0) for what in ("CHUNK", "GROUP", "CLV")]
# No memory for any table: each is spilled to disk as soon as its rows are added.
_SPILL = [
    *_NO_ROOM,
    (accumulator, "plan_memory", lambda *_: Budget(1, 0, None)),
    (partitions, "_NEARLY", 2.0),
    (PeriodRows, "_fits", lambda *_: False),
    (side, "_MOST_BYTES", 1),
]
# Memory for some tables: all are spilled to disk before the next round.
_LEAVE = [
    *_NO_ROOM,
    (accumulator, "plan_memory", lambda *_: Budget(1, 1 << 20, None)),
    (partitions, "_NEARLY", 0.0),
]

VARIANTS = {
    "plain": [],
    "rounds": _ROUNDS,
    "wide rows": [(batch, "are_narrow", lambda *_: False)],
    "ids outside of rows": [(table_plan, "common_length", lambda *_: 0)],
    "many tables": _ROUNDS + _MANY_TABLES,
    "many tables at once": _ROUNDS + _AT_ONCE,
    "dense": _ROUNDS + _DENSE,
    "spill": _ROUNDS + _MANY_TABLES + _SPILL,
    "spill all": _ROUNDS + _LEAVE,
    "spill all of many": _ROUNDS + _MANY_TABLES + _LEAVE,
    "spill dense": _ROUNDS + _DENSE + _SPILL,
}


@contextmanager
def variant(name: str) -> Iterator[None]:
    """Use one of the variants of totals."""
    with pytest.MonkeyPatch.context() as patch:
        for module, attribute, value in VARIANTS[name]:
            patch.setattr(module, attribute, value)
        yield
