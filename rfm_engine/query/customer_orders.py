"""Put the rows of a bucket in the order of their customers, and find the orders among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import arrow, frozen, texts, valid_mask, values
from rfm_engine.kernels.types import Codes, Integers, Mask, Positions
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import IntKeys, keys_of
from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.numbering import (
    COLLIDED,
    DONE,
    OVERFLOWN,
    TIED,
    Found,
    Lines,
    Space,
    number_orders,
)
from rfm_engine.query.ranks import dense_ranks
from rfm_engine.scoring.group_cuts import order_by_group

NUMBER, AFTER = "order_number", "orders_after"
DAY, FIRST_DAY = "day", "first_day"
# Any fixed key: equal hashes of different ids are noticed.
_HASH_KEY = HashKey.from_int(0)
_NONE, _EMPTY = frozen(np.empty(0, np.int64)), frozen(np.empty(0, np.uint8))
# A call takes less than 100 ms.
_ROWS_A_CALL = 1 << 20


class _Sorted(NamedTuple):
    """Rows, and their positions in the order of the customers."""

    table: pa.Table
    order: Positions


class Bucket:
    """The rows of a bucket with the numbers of their orders, customer by customer.

    Parameters
    ----------
    rows
        Normalised rows with `customer_id`, `moment` and `minor`; also `order_id` and the group, if
        there are such columns. They contain all rows of their customers.
    by
        The column of groups.
    attributes
        Columns that decide the order of rows without an order id at the same moment with the same
        amount; nulls come last.
    is_net
        Whether orders count by the net amount of their rows (`refunds="net-order"`).

    Raises
    ------
    DataError
        The amounts of an order exceed 64 bits.
    """

    def __init__(
        self, rows: pa.Table, by: str | None, attributes: Sequence[str], *, is_net: bool
    ) -> None:
        codes, n_customers = _customer_codes(rows, by)
        bounds = np.zeros(n_customers + 1, np.int64)
        np.cumsum(np.bincount(codes, minlength=n_customers), out=bounds[1:])
        self._rows = rows
        self._order = np.empty(len(codes), np.uint32)
        everyone = np.arange(len(codes), dtype=np.uint32)
        order_by_group(frozen(codes), frozen(everyone), bounds[:-1].copy(), self._order)
        lines = _lines(rows, self._order)
        self._found, self._n_orders = _numbered(
            _Sorted(rows, self._order), lines, bounds, attributes, is_net=is_net
        )
        self._minor = lines.minor
        self._customer = codes.take(self._order)
        first = self._found.first_line[: self._n_orders]
        self._orders_of = np.bincount(self._customer[first], minlength=n_customers)
        is_first = self._found.number[first] == 1
        self._first_line = np.zeros(n_customers, np.int64)
        self._first_line[self._customer[first[is_first]]] = first[is_first]

    @property
    def n_customers(self) -> int:
        """Number of customers with an order."""
        return int(np.count_nonzero(self._orders_of))

    @property
    def n_orders(self) -> int:
        """Number of orders that count."""
        return self._n_orders

    @property
    def minor(self) -> int:
        """The net amount of the customers with an order, exactly."""
        counted = self._minor[self._orders_of[self._customer] > 0]
        # In halves, because the sum of many amounts may exceed 64 bits.
        return (int((counted >> 32).sum()) << 32) + int((counted & 0xFFFFFFFF).sum())

    def lines(self, names: Sequence[str]) -> pa.Table:
        """Return the rows of customers with an order.

        More columns are `order_number`, the number of the order among the orders of the customer,
        from 1, and `orders_after`, how many follow, both null if the order does not count; and with
        `day` in the rows `first_day`, the day of the first order of the customer.
        """
        number, order = self._found.number, self._order
        after = self._orders_of[self._customer] - number
        if not self._orders_of.all():
            held = self._orders_of[self._customer] > 0
            number, after, order = number[held], after[held], order[held]
        counts = None if number.all() else number > 0
        lines = (
            self._rows.select(names)
            .take(arrow(order))
            .append_column(NUMBER, arrow(number, None, counts))
            .append_column(AFTER, arrow(after, None, counts))
        )
        held = self._orders_of[self._customer] > 0
        return self._with_first_day(lines, self._customer[held])

    def _with_first_day(self, table: pa.Table, customer: Codes) -> pa.Table:
        """Append the day of the first order of the customers of rows, if days are known."""
        if DAY not in self._rows.column_names:
            return table
        days = values(_whole(self._rows[DAY]), np.int32).take(self._order[self._first_line])
        return table.append_column(FIRST_DAY, arrow(days.take(customer), pa.date32()))

    def orders(self, names: Sequence[str]) -> pa.Table:
        """Return the orders that count: columns of their earliest purchase and their own.

        Their own are `minor`, the net amount, `order_number`, and with `day` also `prev_day`, the
        day of the order before, and `first_day`, the day of the first order of the customer.
        """
        first = self._found.first_line[: self._n_orders]
        number = self._found.number[first]
        orders = self._rows.select(names).take(arrow(self._order[first]))
        orders = orders.append_column("minor", arrow(self._found.minor[: self._n_orders].copy()))
        orders = orders.append_column(NUMBER, arrow(number))
        if DAY not in names:
            return orders
        before = np.roll(values(_whole(orders[DAY]), np.int32), 1)
        orders = orders.append_column("prev_day", arrow(before, pa.date32(), number > 1))
        return self._with_first_day(orders, self._customer[first])


def _customer_codes(rows: pa.Table, by: str | None) -> tuple[Codes, int]:
    """Return a number per row for its customer within its group, and how many there are."""
    codes, n = _codes(rows[CUSTOMER])
    if by is not None:
        groups, n_groups = _codes(rows[by])
        codes, n = _codes(pa.chunked_array([arrow(codes * np.int64(n_groups) + groups)]))
    return codes.astype(np.uint32), n


def _codes(column: pa.ChunkedArray) -> tuple[Integers, int]:
    """Return a number per row for its value, and how many there are; null is a value too."""
    encoded = _whole(column).dictionary_encode("encode")
    return values(encoded.indices, np.int32).astype(np.int64), len(encoded.dictionary)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; ids of 16 bytes as binary."""
    if isinstance(column.type, pa.UuidType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], pa.binary(16))
    return pa.concat_arrays(column.chunks) if column.chunks else pa.array([], column.type)


def _numbered(
    rows: _Sorted, lines: Lines, bounds: Integers, attributes: Sequence[str], *, is_net: bool
) -> tuple[Found, int]:
    """Assign numbers to orders, again with more exact keys or with ranks if they are needed."""
    space = Space.of(int(np.diff(bounds).max(initial=0)))
    status, found, n_orders = _called(lines, bounds, space, is_net=is_net, ranks=False)
    if status == COLLIDED:
        exact, _ = _codes(rows.table[ORDER])
        lines = lines._replace(key=frozen(exact.take(rows.order)))
        status, found, n_orders = _called(lines, bounds, space, is_net=is_net, ranks=False)
    if status == TIED:
        ranks = _ranks(rows, found.is_tied.view(np.bool_), lines, attributes)
        status, found, n_orders = _called(
            lines._replace(rank=ranks), bounds, space, is_net=is_net, ranks=True
        )
    if status == OVERFLOWN:
        raise DataError(
            "the rows of an order must add up to at most 18 digits; got more in an order with "
            "refunds. Correct the amounts."
        )
    return found, n_orders


def _lines(rows: pa.Table, order: Positions) -> Lines:
    """Return what the loop reads, customer by customer."""
    n = len(rows)
    moment, minor = (
        frozen(values(_whole(rows[name]), np.int64).take(order)) for name in ("moment", "minor")
    )
    lines = Lines(_zeros(n), frozen(np.ones(n, np.uint8)), moment, minor, _zeros(n), _NONE, _EMPTY)
    if ORDER not in rows.column_names:
        return lines
    ids = _whole(rows[ORDER])
    known = valid_mask(ids)
    alone = np.zeros(n, np.uint8) if known is None else (~known).view(np.uint8).take(order)
    keys = keys_of(ids)
    if isinstance(keys, IntKeys):
        signs = np.uint64(1 << 63) if pa.types.is_unsigned_integer(ids.type) else np.uint64(0)
        order_of_ids = (keys.bits.take(order) ^ signs).view(np.int64)
        return lines._replace(key=frozen(order_of_ids), is_alone=frozen(alone))
    hashes = frozen(keys.hash(_HASH_KEY).take(order).view(np.int64))
    data, offsets = texts(ids.take(arrow(order)))
    return lines._replace(key=hashes, is_alone=frozen(alone), offsets=offsets, data=data)


def _called(
    lines: Lines, bounds: Integers, space: Space, *, is_net: bool, ranks: bool
) -> tuple[int, Found, int]:
    """Call the kernel for some customers at a time, so that Ctrl-C works."""
    n = len(lines.key)
    number, first_line, minor = (np.zeros(n, np.int64) for _ in range(3))
    found = Found(number, first_line, minor, np.zeros(n, np.uint8))
    steps = np.searchsorted(bounds, np.arange(0, n, _ROWS_A_CALL))
    ends = np.unique(np.append(steps, len(bounds) - 1)).tolist()
    worst, n_orders = DONE, 0
    for first, last in pairwise([0, *ends] if ends[0] else ends):
        status, n_orders = number_orders(
            lines, frozen(bounds), first, last, is_net, ranks, space, found, n_orders
        )
        if status in (COLLIDED, OVERFLOWN):
            return status, found, 0
        worst = max(worst, status)
    return worst, found, n_orders


def _ranks(rows: _Sorted, tied: Mask, lines: Lines, attributes: Sequence[str]) -> Integers:
    """Return numbers that decide between tied orders: by id, and without one by attributes."""
    ranks = np.zeros(len(tied), np.int64)
    for alone, names in ((0, [ORDER]), (1, attributes)):
        at = np.flatnonzero(tied & (lines.is_alone == alone))
        if not len(at):
            continue
        columns = [_whole(rows.table[name]).take(arrow(rows.order[at])) for name in names]
        words = [dense_ranks(column) for column in reversed(columns)]
        if words:
            ranks[at[np.lexsort(words)]] = np.arange(len(at))
    return frozen(ranks)


def _zeros(n: int) -> Integers:
    return frozen(np.zeros(n, np.int64))
