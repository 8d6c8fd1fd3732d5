"""All customers, in partitions by hash that several threads fill at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from threading import Condition
from typing import NamedTuple

from rfm_engine.aggregate.hashing import HashKey, hash_keys
from rfm_engine.aggregate.merge import absorb
from rfm_engine.aggregate.partition import NO_HASHES, OrderIds, Partition
from rfm_engine.aggregate.scatter import Room, Scattered, scatter
from rfm_engine.orders.keys import ByteKeys, Keys
from rfm_engine.orders.normalize import OrderRows

_BITS = 7
# Rows wait until there are this many bytes of them, so that a partition is brought into the cache
# once for several batches.
_WAITING_BYTES = 1 << 26


class _Waiting(NamedTuple):
    """A batch that has been scattered but not added yet."""

    placed: Scattered
    bounds: list[int]
    room: Room
    keys: Keys
    orders: OrderIds | None

    @property
    def nbytes(self) -> int:
        """Bytes that wait."""
        order_bytes = 0 if self.orders is None else _bytes_of(self.orders.keys)
        return self.placed.bounds.nbytes + self.room.nbytes + _bytes_of(self.keys) + order_bytes


class Partitions:
    """The partitions, and the batches that wait to be added to them."""

    def __init__(self, key: HashKey, *, of_bytes: bool) -> None:
        self._key = key
        self._all = [Partition(key, _BITS, of_bytes=of_bytes) for _ in range(1 << _BITS)]
        self._lock = Condition()
        self._n_sharing = 0
        self._waiting: list[_Waiting] = []
        self._n_waiting_bytes = 0
        self._rooms: list[Room] = []

    @property
    def n_customers(self) -> int:
        """Customers known, without those who only stand in waiting rows."""
        return sum(partition.customers.n for partition in self._all)

    def add(self, rows: OrderRows) -> None:
        """Add a batch's counted rows, now or with later ones; from any thread."""
        hashes = hash_keys(rows.keys, self._key)
        room = self._take_room(len(hashes))
        placed = scatter(hashes, rows.time_us, rows.amount_minor, rows.reason, _BITS, room)
        bounds = placed.bounds.tolist()
        batch = _Waiting(placed, bounds, room, rows.keys, self._order_ids(rows))
        with self._lock:
            self._waiting.append(batch)
            self._n_waiting_bytes += batch.nbytes
            if self._n_waiting_bytes < _WAITING_BYTES:
                return
            due = self._take_waiting()
            self._n_sharing += 1
        try:
            _share(due, list(enumerate(self._all)))
        finally:
            with self._lock:
                self._rooms += [batch.room for batch in due]
                self._n_sharing -= 1
                self._lock.notify_all()

    def settled(self, pool: Executor) -> Sequence[Partition]:
        """Add all rows that wait, with the threads of `pool`, and return the partitions."""
        with self._lock:
            # Rows of an update that has returned may be in the hands of another thread.
            self._lock.wait_for(lambda: self._n_sharing == 0)
            due, self._rooms = self._take_waiting(), []
        if due:
            list(pool.map(lambda numbered: _share(due, [numbered]), enumerate(self._all)))
        return self._all

    def absorb(self, others: Sequence[Partition]) -> None:
        """Add the customers of settled partitions."""
        for other in others:
            if other.customers.n:
                absorb(self._all, self._key, other)

    def _take_waiting(self) -> list[_Waiting]:
        due, self._waiting, self._n_waiting_bytes = self._waiting, [], 0
        return due

    def _order_ids(self, rows: OrderRows) -> OrderIds | None:
        if rows.order_keys is None:
            return None
        of_bytes = isinstance(rows.order_keys, ByteKeys)
        hashes = hash_keys(rows.order_keys, self._key) if of_bytes else NO_HASHES
        return OrderIds(rows.order_keys, hashes, rows.order_present)

    def _take_room(self, n_rows: int) -> Room:
        with self._lock:
            room = self._rooms.pop() if self._rooms else Room.of(n_rows)
        return room if len(room.rows) >= n_rows else Room.of(n_rows)


def _share(due: Sequence[_Waiting], partitions: list[tuple[int, Partition]]) -> None:
    """Add the waiting rows of each partition; those that others are busy with come last."""
    for patient in (False, True):
        busy = []
        for number, partition in partitions:
            if not partition.lock.acquire(blocking=patient):
                busy.append((number, partition))
                continue
            try:
                for batch in due:
                    _add(partition, batch, slice(*batch.bounds[number : number + 2]))
            finally:
                partition.lock.release()
        partitions = busy


def _add(partition: Partition, batch: _Waiting, piece: slice) -> None:
    if piece.start < piece.stop:
        hashes, facts, rows = batch.placed.hashes, batch.placed.facts, batch.placed.rows
        partition.add(hashes[piece], facts[piece], rows[piece], batch.keys, batch.orders)


def _bytes_of(keys: Keys) -> int:
    if isinstance(keys, ByteKeys):
        return keys.offsets.nbytes + int(keys.offsets[-1] - keys.offsets[0])
    return keys.bits.nbytes
