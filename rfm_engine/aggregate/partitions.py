"""All customers, in tables by hash that several threads fill at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from threading import Condition

import numpy as np

from rfm_engine.aggregate.dense import DenseRange, DenseTable, dense_range
from rfm_engine.aggregate.hashing import HashKey, hash_keys
from rfm_engine.aggregate.merge import absorb
from rfm_engine.aggregate.partition import KeyTable, Partition
from rfm_engine.aggregate.rounds import Round
from rfm_engine.aggregate.routing import Route, route
from rfm_engine.aggregate.scatter import scatter, scatter_numbers
from rfm_engine.aggregate.tables import ByteTable, IntTable
from rfm_engine.aggregate.texts import NO_PLACES, WaitingTexts
from rfm_engine.aggregate.waiting import BIN_BITS, N_BINS, Layout, Span, Waiting
from rfm_engine.errors import RfmError
from rfm_engine.orders.keys import IntKeys
from rfm_engine.orders.normalize import OrderRows

# Few customers are found fastest in few tables, many in tables that fit the cache.
_FEW_BITS = 4
_FEW_CUSTOMERS = 1 << 18
# Rows that wait take up to twice the bytes of the tables: a table then comes into the cache once
# for some four rows of each customer.
_WAITING_TIMES = 2
_LEAST_WAITING_BYTES = 1 << 26
_MOST_WAITING_BYTES = 1 << 30


class Partitions:
    """The tables, and the rows that wait to be added to them."""

    def __init__(self, key: HashKey, layout: Layout, *, signed: bool) -> None:
        self._key = key
        self.layout = layout
        self._signed = signed
        self._dense: DenseRange | None = None
        self._hashed = self._new_tables(_FEW_BITS)
        self._direct: list[Partition] = []
        self._waiting = Waiting(layout)
        self._lock = Condition()
        self._n_writing = 0
        self._round: Round | None = None
        self._failed: BaseException | None = None
        self._fresh = True
        self._wanted_bytes = _LEAST_WAITING_BYTES

    @property
    def n_customers(self) -> int:
        """Customers known, without those who only stand in waiting rows."""
        return sum(partition.measures.n_seen for partition in self._all)

    def add(self, rows: OrderRows) -> None:
        """Add a batch's counted rows, now or with later ones; from any thread."""
        if self._fresh:
            self._look_for_range(rows)
        routed = route(rows.keys, rows.reason, self._key, self._dense)
        if not routed.n_counted:
            return
        texts = [
            None if keys is None or isinstance(keys, IntKeys) else WaitingTexts.of(keys, routed)
            for keys in (rows.keys, rows.order_keys)
        ]
        n_text_words = sum(each.n_words for each in texts if each is not None)
        span = self._reserve(routed.n_counted, n_text_words)
        try:
            self._write(rows, routed, texts, span)
        finally:
            with self._lock:
                self._n_writing -= 1
                self._lock.notify_all()

    def settled(self, pool: Executor) -> Sequence[Partition]:
        """Add all rows that wait, with the threads of `pool`, and return the partitions."""
        with self._alone(pool):
            return self._all

    def absorb(self, others: Sequence[Partition]) -> None:
        """Add the customers of settled partitions."""
        with self._alone():
            self._fresh = False
            for other in others:
                absorb(self._all, self._borders, self._key, self.layout, self._dense, other)

    @property
    def _all(self) -> list[Partition]:
        return self._hashed + self._direct

    @property
    def _borders(self) -> np.ndarray:
        """The first bin of each table, and the end."""
        each = N_BINS // len(self._hashed)
        direct = np.arange(N_BINS + 1, N_BINS + 1 + len(self._direct))
        return np.concatenate([np.arange(0, N_BINS + 1, each), direct])

    def _new_tables(self, bits: int) -> list[Partition]:
        of_bytes, column = self.layout.of_bytes, self.layout.key_column

        # Rows come sorted by the bits that choose the bin: slots chosen by them, too, would fill
        # from one end, and every search would run through all that stands there.
        def table() -> KeyTable:
            if of_bytes:
                return ByteTable(self._key, BIN_BITS, column)
            return IntTable(self._key, BIN_BITS)

        return [Partition(self._key, self.layout, table) for _ in range(1 << bits)]

    def _look_for_range(self, rows: OrderRows) -> None:
        with self._lock:
            if not self._fresh:
                return
            self._fresh = False
            if not isinstance(rows.keys, IntKeys):
                return
            bits = rows.keys.bits
            if rows.reason.any():
                bits = bits[rows.reason == 0]
            self._dense = dense_range(bits, signed=self._signed)
            if self._dense is not None:
                self._direct = [
                    Partition(self._key, self.layout, partial(DenseTable, self._dense, number))
                    for number in range(N_BINS)
                ]

    def _reserve(self, n_rows: int, n_text_words: int) -> Span:
        """Find a place for a batch; while there is none, help to add what stands there."""
        with self._lock:
            while True:
                self._refuse_after_failure()
                if self._round is not None:
                    self._take_part(self._round)
                    continue
                if not self._n_writing and not self._waiting.n_rows:
                    self._waiting.make_room(n_rows, n_text_words, self._wanted_bytes)
                span = self._waiting.reserve(n_rows, n_text_words)
                if span is not None:
                    self._n_writing += 1
                    return span
                if self._n_writing:
                    self._lock.wait()
                else:
                    self._round = Round(self._waiting, self._all, self._borders)

    def _write(
        self, rows: OrderRows, routed: Route, texts: Sequence[WaitingTexts | None], span: Span
    ) -> None:
        layout, waiting = self.layout, self._waiting
        place = waiting.rows[span.row : span.row + routed.n_counted]
        alone = np.zeros(1, np.uint8) if layout.orders else np.ones(1, np.uint8)
        if rows.order_present is not None:
            alone = (~rows.order_present).view(np.uint8)
        key_places = NO_PLACES
        key_texts, order_texts = texts
        first_word = span.word
        if key_texts is not None:
            key_places = key_texts.write(waiting.texts, first_word)
            first_word += key_texts.n_words
        scatter(routed, rows.time_us, rows.amount_minor, alone, key_places, place)
        if isinstance(rows.order_keys, IntKeys):
            scatter_numbers(routed, rows.order_keys.bits, layout.order_column, place)
        elif rows.order_keys is not None and order_texts is not None:
            hashes = hash_keys(rows.order_keys, self._key)
            scatter_numbers(routed, hashes, layout.order_column, place)
            places = order_texts.write(waiting.texts, first_word)
            scatter_numbers(routed, places.view(np.uint64), layout.order_column + 1, place)
        with self._lock:
            waiting.enter(routed.bounds + span.row)

    def _take_part(self, current: Round) -> None:
        """Work in a round with the lock let go, and come back when it is over."""
        self._lock.release()
        try:
            current.work()
        finally:
            self._lock.acquire()
            if current.ended:
                self._lock.notify_all()
                if not current.held:
                    self._end(current)
        self._lock.wait_for(lambda: self._round is not current)

    @contextmanager
    def _alone(self, pool: Executor | None = None) -> Iterator[None]:
        """Add all rows that wait and keep others out."""
        with self._lock:
            # Rows of an update that has returned may be in the hands of another thread.
            self._lock.wait_for(lambda: self._round is None and self._n_writing == 0)
            self._refuse_after_failure()
            current = self._round = Round(self._waiting, self._all, self._borders, held=True)
        try:
            if pool is None:
                current.work()
            else:
                list(pool.map(lambda _: current.step(), range(current.n_tables)))
            with self._lock:
                self._lock.wait_for(lambda: current.ended)
            yield
        finally:
            with self._lock:
                self._end(current)

    def _end(self, current: Round) -> None:
        if self._round is not current:
            return
        self._failed = current.error
        self._waiting.clear()
        if self._failed is None:
            self._adapt()
        self._round = None
        self._lock.notify_all()

    def _adapt(self) -> None:
        """Make room for more rows to wait, and more tables, as the customers become more."""
        tables_bytes = sum(partition.nbytes for partition in self._all)
        wanted = max(_WAITING_TIMES * tables_bytes, _LEAST_WAITING_BYTES)
        self._wanted_bytes = min(wanted, _MOST_WAITING_BYTES)
        n_hashed = sum(partition.measures.n_seen for partition in self._hashed)
        if n_hashed > _FEW_CUSTOMERS and len(self._hashed) < N_BINS:
            few, self._hashed = self._hashed, self._new_tables(BIN_BITS)
            while few:
                absorb(self._all, self._borders, self._key, self.layout, self._dense, few.pop())

    def _refuse_after_failure(self) -> None:
        if self._failed is not None:
            raise RfmError(
                "totals must not be used after adding to them has failed; "
                f"got {self._failed!r} before. Start again."
            ) from self._failed
