"""Put the rows of a bucket in the order of their customers, and find the orders among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import arrow, frozen, texts, valid_mask, values, whole
from rfm_engine.kernels.types import Codes, Integers, Mask, Positions
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import IntKeys, keys_of
from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.numbering import (
    COLLIDED,
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
_ROWS_A_PIECE = 1 << 18
# Texts with offsets of 32 bits have fewer bytes.
_MOST_BYTES = (1 << 31) - 1


class Bucket:
    """The rows of a bucket in the order of their customers.

    Parameters
    ----------
    rows
        Normalised rows with `customer_id`, `moment` and `minor`; also `order_id` and the group, if
        there are such columns. They contain all rows of their customers.
    by
        The column of groups.
    """

    def __init__(self, rows: pa.Table, by: str | None) -> None:
        columns = [_whole(column) for column in rows.columns]
        self._rows = pa.Table.from_arrays(columns, rows.column_names)
        codes, n_customers = _customer_codes(self._rows, by)
        self._bounds = np.zeros(n_customers + 1, np.int64)
        np.cumsum(np.bincount(codes, minlength=n_customers), out=self._bounds[1:])
        self._order = np.empty(len(codes), np.uint32)
        everyone = np.arange(len(codes), dtype=np.uint32)
        starts = self._bounds[:-1].copy()
        order_by_group(frozen(codes), frozen(everyone), starts, self._order)

    def pieces(self, attributes: Sequence[str], *, is_net: bool) -> Iterator[Piece]:
        """Yield the rows of some customers at a time; one piece without rows if there are none.

        The arrays of a piece fit in the cache of a processor, and Ctrl-C works between pieces.

        Parameters
        ----------
        attributes
            Columns that decide the order of rows without an order id at the same moment with the
            same amount; nulls come last.
        is_net
            Whether orders count by the net amount of their rows (`refunds="net-order"`).

        Raises
        ------
        DataError
            The amounts of an order exceed 64 bits.
        """
        bounds = self._bounds
        steps = np.arange(_ROWS_A_PIECE, bounds[-1], _ROWS_A_PIECE)
        last_customers = np.unique([*np.searchsorted(bounds, steps), len(bounds) - 1])
        for first, last in pairwise([0, *last_customers.tolist()]):
            order = self._order[bounds[first] : bounds[last]]
            own = bounds[first : last + 1] - bounds[first]
            yield Piece(_Sorted(self._rows, order), own, attributes, is_net=is_net)


class _Sorted(NamedTuple):
    """Rows, and the positions of some of them in the order of the customers."""

    table: pa.Table
    order: Positions

    def take(self, name: str) -> pa.Array:
        """Return a column in the order of the customers."""
        return self.table[name].chunk(0).take(arrow(self.order))


class Piece:
    """The rows of some customers with the numbers of their orders; see `Bucket`.

    Parameters
    ----------
    rows
        The rows.
    bounds
        The rows of the i-th customer are `bounds[i]:bounds[i + 1]`.
    """

    def __init__(
        self, rows: _Sorted, bounds: Integers, attributes: Sequence[str], *, is_net: bool
    ) -> None:
        self._rows, self._order = rows
        n_customers = len(bounds) - 1
        lines = _lines(rows)
        self._found, self._n_orders = _numbered(rows, lines, bounds, attributes, is_net=is_net)
        self._minor = lines.minor
        self._customer = np.repeat(np.arange(n_customers, dtype=np.uint32), np.diff(bounds))
        first = self._found.first_line[: self._n_orders]
        orders_of = np.bincount(self._customer[first], minlength=n_customers)
        self._orders_of = orders_of.astype(np.int32)
        # Which rows are of customers with an order; None if all are.
        self._held = None if orders_of.all() else orders_of[self._customer] > 0
        is_first = self._found.number[first] == 1
        self._first_line = np.zeros(n_customers, np.int64)
        self._first_line[self._customer[first[is_first]]] = first[is_first]

    @property
    def n_rows(self) -> int:
        """Number of rows, with those of customers without an order."""
        return len(self._order)

    @property
    def n_orders(self) -> int:
        """Number of orders that count."""
        return self._n_orders

    @property
    def n_days(self) -> int:
        """Number of days with a purchase of an order that counts, of all customers; needs `day`."""
        is_purchase = (self._found.number > 0) & (self._minor >= 0)
        days = values(self._rows[DAY].chunk(0).take(arrow(self._order[is_purchase])), np.int32)
        return len(np.unique((self._customer[is_purchase].astype(np.int64) << 32) + days))

    @property
    def minor(self) -> int:
        """The net amount of the customers with an order, exactly."""
        counted = self._minor if self._held is None else self._minor[self._held]
        # In halves, because the sum of many amounts may exceed 64 bits.
        return (int((counted >> 32).sum()) << 32) + int((counted & 0xFFFFFFFF).sum())

    def customers(self, names: Sequence[str]) -> pa.Table:
        """Return columns of the customers with an order, which are the same in all their rows."""
        first = self._order[self._first_line[self._orders_of > 0]]
        return self._rows.select(names).take(arrow(first))

    def lines(self, names: Sequence[str], *, of_all: bool = False) -> pa.Table:
        """Return the rows of customers with an order, or of all customers.

        More columns are `order_number`, the number of the order among the orders of the customer,
        from 1, and `orders_after`, how many follow, both null if the order does not count; and with
        `day` in the rows `first_day`, the day of the first order of the customer; it has no meaning
        for customers without an order.
        """
        number, order, customer = self._found.number, self._order, self._customer
        if (held := self._held) is not None and not of_all:
            number, order, customer = number[held], order[held], customer[held]
        after = self._orders_of.take(customer) - number
        counts = None if number.all() else number > 0
        lines = (
            self._rows.select(names)
            .take(arrow(order))
            .append_column(NUMBER, arrow(number, None, counts))
            .append_column(AFTER, arrow(after, None, counts))
        )
        return self._with_first_day(lines, customer)

    def _with_first_day(self, table: pa.Table, customer: Codes) -> pa.Table:
        """Append the day of the first order of the customers of rows, if days are known."""
        if DAY not in self._rows.column_names:
            return table
        days = values(self._rows[DAY].chunk(0), np.int32).take(self._order[self._first_line])
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
        before = np.roll(values(orders[DAY].chunk(0), np.int32), 1)
        orders = orders.append_column("prev_day", arrow(before, pa.date32(), number > 1))
        return self._with_first_day(orders, self._customer[first])


def _customer_codes(rows: pa.Table, by: str | None) -> tuple[Codes, int]:
    """Return a number per row for its customer within its group, and how many there are."""
    codes, n = _codes(rows[CUSTOMER].chunk(0))
    if by is not None:
        groups, n_groups = _codes(rows[by].chunk(0))
        codes, n = _codes(arrow(codes * np.int64(n_groups) + groups))
    return codes.view(np.uint32), n


def _codes(column: pa.Array) -> tuple[npt.NDArray[np.int32], int]:
    """Return a number per row for its value, and how many there are; null is a value too."""
    encoded = column.dictionary_encode("encode")
    return values(encoded.indices, np.int32), len(encoded.dictionary)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; ids of 16 bytes as binary."""
    if isinstance(column.type, pa.UuidType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], pa.binary(16))
    if column.nbytes > _MOST_BYTES and pa.types.is_string(column.type):
        column = column.cast(pa.large_string())
    return whole(column)


def _numbered(
    rows: _Sorted, lines: Lines, bounds: Integers, attributes: Sequence[str], *, is_net: bool
) -> tuple[Found, int]:
    """Assign numbers to orders, again with more exact keys or with ranks if they are needed."""
    space = Space.of(int(np.diff(bounds).max(initial=0)))
    n = len(rows.order)
    first_line, minor = np.zeros(n, np.int64), np.zeros(n, np.int64)
    found = Found(np.zeros(n, np.int32), first_line, minor, np.zeros(n, np.uint8))
    has_ranks = False
    status, n_orders = number_orders(lines, frozen(bounds), is_net, has_ranks, space, found)
    if status == COLLIDED:
        exact, _ = _codes(rows.take(ORDER))
        lines = lines._replace(key=frozen(exact.astype(np.int64)))
        status, n_orders = number_orders(lines, frozen(bounds), is_net, has_ranks, space, found)
    if status == TIED:
        ranks = _ranks(rows, found.is_tied.view(np.bool_), lines, attributes)
        lines, has_ranks = lines._replace(rank=ranks), True
        status, n_orders = number_orders(lines, frozen(bounds), is_net, has_ranks, space, found)
    if status == OVERFLOWN:
        raise DataError(
            "the rows of an order must add up to at most 18 digits; got more in an order with "
            "refunds. Correct the amounts."
        )
    return found, n_orders


def _lines(rows: _Sorted) -> Lines:
    """Return what the loop reads, customer by customer."""
    n = len(rows.order)
    moment, minor = (frozen(values(rows.take(name), np.int64)) for name in ("moment", "minor"))
    lines = Lines(_zeros(n), frozen(np.ones(n, np.uint8)), moment, minor, _zeros(n), _NONE, _EMPTY)
    if ORDER not in rows.table.column_names:
        return lines
    ids = rows.take(ORDER)
    known = valid_mask(ids)
    is_alone = frozen(np.zeros(n, np.uint8) if known is None else (~known).view(np.uint8))
    keys = keys_of(ids)
    if isinstance(keys, IntKeys):
        signs = np.uint64(1 << 63) if pa.types.is_unsigned_integer(ids.type) else np.uint64(0)
        order_of_ids = (keys.bits ^ signs).view(np.int64)
        return lines._replace(key=frozen(order_of_ids), is_alone=is_alone)
    hashes = frozen(keys.hash(_HASH_KEY).view(np.int64))
    data, offsets = texts(ids)
    return lines._replace(key=hashes, is_alone=is_alone, offsets=offsets, data=data)


def _ranks(rows: _Sorted, tied: Mask, lines: Lines, attributes: Sequence[str]) -> Integers:
    """Return numbers that decide between tied orders: by id, and without one by attributes."""
    ranks = np.zeros(len(tied), np.int64)
    for alone, names in ((0, [ORDER]), (1, attributes)):
        at = np.flatnonzero(tied & (lines.is_alone == alone))
        if not len(at):
            continue
        columns = [rows.table[name].chunk(0).take(arrow(rows.order[at])) for name in names]
        words = [dense_ranks(column) for column in reversed(columns)]
        if words:
            ranks[at[np.lexsort(words)]] = np.arange(len(at))
    return frozen(ranks)


def _zeros(n: int) -> Integers:
    return frozen(np.zeros(n, np.int64))
