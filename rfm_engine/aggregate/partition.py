"""One partition of the customers: a key table, their records, and their orders where distinct."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.hashing import Hashes, HashKey
from rfm_engine.aggregate.measures import Measures
from rfm_engine.aggregate.pairs import Pairs
from rfm_engine.aggregate.tables import ByteTable, Codes, IntTable, KeyTable, Rows
from rfm_engine.orders.keys import IntKeys, Keys


class OrderIds(NamedTuple):
    """What makes two rows of a customer one order; without an id, a row is an order of its own."""

    keys: Keys
    hashes: Hashes
    present: npt.NDArray[np.bool_] | None


class Partition:
    """Customers whose hash begins alike; one thread at a time holds `lock` to change it."""

    def __init__(self, key: HashKey, skip_bits: int, *, of_bytes: bool) -> None:
        self._key = key
        self.lock = Lock()
        self.customers = key_table(key, skip_bits, of_bytes=of_bytes)
        self.measures = Measures()
        self.pairs: Pairs | None = None
        self.order_table: KeyTable | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(
            part.nbytes
            for part in (self.customers, self.measures, self.pairs, self.order_table)
            if part is not None
        )

    def add(
        self,
        hashes: Hashes,
        facts: npt.NDArray[np.int64],
        rows: Rows,
        keys: Keys,
        orders: OrderIds | None,
    ) -> None:
        """Add rows: hash, (time, amount), and their place in `keys` and `orders`."""
        codes = self._assign(hashes, rows, keys)
        self.measures.add(codes, facts, count=orders is None)
        if orders is not None:
            purchases = facts[:, 1] >= 0
            self._add_orders(codes[purchases], rows[purchases], orders)

    def absorb(
        self, hashes: Hashes, rows: Rows, keys: Keys, records: npt.NDArray[np.int64]
    ) -> Codes:
        """Add other customers' `records`, `int64[n, 4]`; return the codes they have here."""
        codes = self._assign(hashes, rows, keys)
        self.measures.absorb(codes, records)
        return codes

    def absorb_orders(self, codes: Codes, rows: Rows, orders: OrderIds) -> None:
        """Add the orders at `rows` of another partition's to the customers `codes`."""
        self._add_orders(codes, rows, orders)

    def n_orders(self) -> npt.NDArray[np.int64]:
        """Orders of each customer, with the carries of the amounts still above them."""
        counts = self.measures.records[:, 2]
        return counts if self.pairs is None else counts + self.pairs.counts(self.customers.n)

    def _assign(self, hashes: Hashes, rows: Rows, keys: Keys) -> Codes:
        codes = self.customers.assign(hashes, rows, keys)
        self.measures.extend(self.customers.n)
        return codes

    def _add_orders(self, codes: Codes, rows: Rows, orders: OrderIds) -> None:
        if orders.present is not None:
            present = orders.present[rows]
            self.measures.count_orders(codes[~present])
            codes, rows = codes[present], rows[present]
        if self.pairs is None:
            self.pairs = Pairs(self._key)
        self.pairs.add(codes, self._order_values(rows, orders))

    def _order_values(self, rows: Rows, orders: OrderIds) -> npt.NDArray[np.int64]:
        if isinstance(orders.keys, IntKeys):
            return orders.keys.bits[rows].view(np.int64)
        if self.order_table is None:
            self.order_table = ByteTable(self._key, 0)
        hashes = orders.hashes[rows]
        return self.order_table.assign(hashes, rows, orders.keys).astype(np.int64)

    def orders(self, key: HashKey) -> tuple[Codes, Rows, OrderIds] | None:
        """Return all distinct orders: customer codes, rows into the ids, and the ids."""
        if self.pairs is None:
            return None
        codes, values = self.pairs.entries()
        if self.order_table is None:
            numbers = IntKeys(values.view(np.uint64))
            return codes, np.arange(len(codes), dtype=np.uint32), OrderIds(numbers, NO_HASHES, None)
        texts = self.order_table.keys()
        return codes, values.astype(np.uint32), OrderIds(texts, self.order_table.hashes(key), None)


NO_HASHES: Hashes = np.empty(0, np.uint64)


def key_table(key: HashKey, skip_bits: int, *, of_bytes: bool) -> KeyTable:
    """Make the table for a kind of key."""
    return ByteTable(key, skip_bits) if of_bytes else IntTable(key, skip_bits)
