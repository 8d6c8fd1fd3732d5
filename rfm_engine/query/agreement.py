"""Check that rows are those that a snapshot was computed from."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import values
from rfm_engine.options.messages import message
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import keys_of
from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.customers import GROUP, Customers

# Any fixed key.
_HASH_KEY = HashKey.from_int(0)
_WORD = 1 << 64


class Counts(NamedTuple):
    """What rows and a snapshot must have in common.

    Attributes
    ----------
    rows
        Counted rows.
    customers
        Customers with an order.
    orders
        Their orders, or their days with orders.
    minor
        Their net amount in minor units.
    ids
        The sum of the hashes of their ids; see `ids_sum`.
    """

    rows: int
    customers: int
    orders: int
    minor: int
    ids: int

    @classmethod
    def none(cls) -> Self:
        """Return the counts without rows."""
        return cls(0, 0, 0, 0, 0)

    def __add__(self, other: Counts) -> Counts:  # type: ignore[override]
        """Return the counts of the rows of both."""
        rows, customers, orders, minor, ids = map(sum, zip(self, other, strict=True))
        return Counts(rows, customers, orders, minor, ids % _WORD)


def ids_sum(customers: pa.Table) -> int:
    """Return the sum of hashes of `customer_id`, which depends on `group_id` if it is a column.

    The sum does not depend on the order of the customers. It is below 2^64, and equal for other
    customers only by chance.
    """
    total = 0
    for batch in customers.to_batches():
        hashes = keys_of(batch[CUSTOMER]).hash(_HASH_KEY)
        if GROUP in customers.column_names:
            groups = values(batch[GROUP].fill_null(-1), np.int32).astype(np.uint64)
            hashes = hashes * (2 * groups + 1)
        total += int(hashes.sum())
    return total % _WORD


def refuse_others(found: Counts, customers: Customers) -> None:
    """Refuse rows that are not those of the snapshot.

    If customers were forgotten, the rows are those of the others.

    Raises
    ------
    DataError
        A count or the net amount differs, or there are other customers.
    """
    snapshot = customers.snapshot
    asked = _counts_of(customers) if snapshot.n_forgotten else _totals_of(customers)
    if snapshot.n_forgotten:
        found = found._replace(rows=0)
    if found == asked:
        return
    counted = "days with orders" if snapshot.options["frequency"] == "days" else "orders"
    words = ("counted rows", "customers with an order", counted)
    has, got = "these customers", "others"
    if found.minor != asked.minor:
        amounts = (format_minor(each.minor, snapshot.scale) for each in (asked, found))
        of_these, got = amounts
        has = f"a net amount of {of_these}"
    for word, mine, theirs in reversed([*zip(words, found, asked, strict=False)]):
        if mine != theirs:
            has, got = f"{theirs:,} {word}", f"{mine:,}"
    raise DataError(
        message(
            "rows must be those of the snapshot {!r}, which has {}; got {}. As {rows}, "
            "give the orders that were scored{}.",
            str(snapshot.path), has, got,
            ", without the customers that were forgotten" if snapshot.n_forgotten else "",
        )
    )  # fmt: skip


def _totals_of(customers: Customers) -> Counts:
    """Return the counts that the snapshot says."""
    snapshot, totals = customers.snapshot, customers.snapshot.segment_totals
    ids = ids_sum(customers.table([]).select(_names(customers)))
    return Counts(
        snapshot.rows.counted, snapshot.n_customers, sum(each.orders for each in totals),
        sum(each.monetary_minor for each in totals), ids,
    )  # fmt: skip


def _counts_of(customers: Customers) -> Counts:
    """Return the counts of the customers who were not forgotten; their rows are not known."""
    import pyarrow.compute as pc

    table = customers.table(["frequency", "minor"])
    orders, minor = (pc.sum(table[name]).as_py() or 0 for name in ("frequency", "minor"))
    return Counts(0, len(table), orders, minor, ids_sum(table.select(_names(customers))))


def _names(customers: Customers) -> list[str]:
    return [CUSTOMER] if customers.groups is None else [GROUP, CUSTOMER]
