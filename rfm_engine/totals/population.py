"""The customers of totals and the account of their rows, for scoring and exporting."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa

from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.intake import Intake
from rfm_engine.orders.kinds import OUTPUT_TYPES, Kinds
from rfm_engine.orders.reading import Reading, day_date
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.chunks import (
    CHUNK_BYTES_A_CUSTOMER,
    CLV_BYTES_A_CUSTOMER,
    GROUP_BYTES_A_CUSTOMER,
    CustomerChunk,
    chunk_of,
)
from rfm_engine.totals.customers import Customers, Some, grouped
from rfm_engine.totals.memory.budget import Budget
from rfm_engine.totals.memory.spill import SpillFile
from rfm_engine.totals.memory.system import give_back_unused
from rfm_engine.totals.records import MAX_DIGITS
from rfm_engine.totals.repeat_purchases import CLV_FIELDS, clv_columns


class Population:
    """The implementation behind `rfm_engine.Totals`.

    `sealed` is the reason why the totals cannot be exported, or None if they can.
    """

    def __init__(
        self,
        intake: Intake,
        budget: Budget,
        hash_key: HashKey,
        spill: SpillFile,
        customers: Customers | None = None,
        sealed: str | None = None,
    ) -> None:
        self.intake = intake
        self.budget = budget
        self.hash_key = hash_key
        self.spill = spill
        self.sealed = sealed
        self._customers = customers

    @property
    def customers(self) -> Customers | None:
        """The customers; None until the first row is counted."""
        return self._customers

    @property
    def reading(self) -> Reading:
        """The reading options and the days that follow from them."""
        return self.intake.reading

    @property
    def options(self) -> dict[str, Any]:
        """The reading options by name, as in a summary; rates are represented by their file."""
        reading = self.reading
        return {**reading.options, "rates": reading.rate_table and reading.rate_table.place}

    @property
    def kinds(self) -> Kinds:
        """The kinds of ids, times and amounts."""
        return self.intake.kinds

    @property
    def scale(self) -> int:
        """Number of digits after the decimal point of amounts."""
        return self.kinds.scale

    @property
    def as_of(self) -> date | None:
        """The date of analysis; None if the newest row decides it and there is no row yet."""
        day = self.intake.as_of_day
        return None if day is None else day_date(day)

    @property
    def n_customers(self) -> int:
        """Number of customers, including customers without orders."""
        with Workers(1) as pool:
            settled = self.settle(pool)
        known = self.customers
        return 0 if known is None else sum(map(known.n_held, settled))

    @property
    def n_customers_so_far(self) -> int:
        """Number of customers whose rows were flushed to the tables, for progress reports."""
        return 0 if self.customers is None else self.customers.n_customers

    @property
    def fields(self) -> list[pa.Field]:
        """The columns of `Totals.finish`, without the columns of `clv`."""
        instant, kinds = pa.timestamp("us", "UTC"), self.kinds
        return [
            pa.field(self.reading.options["customer"], OUTPUT_TYPES[kinds.customer]),
            *(
                []
                if kinds.by is None
                else [pa.field(self.reading.options["by"], OUTPUT_TYPES[kinds.by])]
            ),
            pa.field("first_order", instant),
            pa.field("last_order", instant),
            pa.field("recency_days", pa.int32()),
            pa.field("frequency", pa.int64()),
            pa.field("monetary", pa.decimal128(MAX_DIGITS, self.scale)),
        ]

    @property
    def clv_fields(self) -> list[pa.Field]:
        """The columns of `clv`; empty without that option."""
        return CLV_FIELDS if self.reading.options["clv"] else []

    def clv_columns(self, chunk: CustomerChunk) -> list[pa.Array]:
        """Return the columns of `clv_fields` for a chunk."""
        as_of_day = self.intake.as_of_day
        if chunk.repeats is None or as_of_day is None:
            return []
        return clv_columns(
            chunk.repeats, as_of_day, self.reading.options["clv_unit"] or "D", self.scale
        )

    def chunks(self, pool: Executor, more_bytes: int = 0) -> tuple[list[CustomerChunk], int]:
        """Return the customers with an order as arrays, and the number without one.

        The threads of `pool` process the partitions. Besides the arrays, there must be room for
        `more_bytes` per customer.
        """
        as_of_day = self.intake.as_of_day or 0
        zone, kinds = self.reading.zone, self.kinds
        known = self.customers
        if known is None:
            return [], 0

        def finished(group: Sequence[Some]) -> tuple[CustomerChunk, int]:
            loads = [partial(known.held, partition) for partition in group]
            n_records = sum(partition.n_records for partition in group)
            return chunk_of(loads, n_records, as_of_day, zone, kinds)

        each = CHUNK_BYTES_A_CUSTOMER + more_bytes
        each += 0 if kinds.by is None else GROUP_BYTES_A_CUSTOMER
        each += CLV_BYTES_A_CUSTOMER if self.reading.options["clv"] else 0
        settled = known.settled(pool, each)
        if self.spill.n_bytes:
            give_back_unused()
        done = list(pool.map(finished, grouped(settled)))
        if self.spill.n_bytes:
            give_back_unused()
        self.budget.refuse_without_room(each, sum(len(chunk.frequency) for chunk, _ in done))
        return [chunk for chunk, _ in done], sum(n for _, n in done)

    def settle(self, pool: Executor) -> Sequence[Some]:
        """Flush the buffered rows with the threads of `pool`; return the customers in parts."""
        return () if self.customers is None else self.customers.settled(pool)
