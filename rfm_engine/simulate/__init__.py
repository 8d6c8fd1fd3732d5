"""Simulate the orders of a marketplace: any number of orders, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from rfm_engine.errors import UsageError
from rfm_engine.kernels.types import Words
from rfm_engine.options.messages import message
from rfm_engine.simulate.ids import IDS, Ids, customer_column
from rfm_engine.simulate.market import CHANNELS, Market, Orders
from rfm_engine.simulate.mixing import mix_63

__all__ = ["Ids", "simulate"]

_BATCH_ORDERS = 1 << 16  # arrays of this length fit in the cache: twice as fast as 1 << 20
_SEEDED = 40  # order ids of two seeds differ if there are fewer than 2**40 orders

_MOST_ORDERS = 10**12


def simulate(
    *, customers: int, orders: int, ids: Ids = "int", lines: bool = False, seed: int = 0
) -> pa.RecordBatchReader:
    """Simulate the orders of a marketplace, from 2023-01-01 to 2025-12-31.

    Half of the customers order once; the orders of the others follow a power law. Customers come
    and go, and orders depend on the weekday and the season. About 2% of the rows are refunds, but
    never the only row of a customer. A row depends only on its number and the arguments, never on
    the clock.

    Parameters
    ----------
    customers
        Number of distinct customers; each has at least one purchase.
    orders
        Number of orders, at least `customers`.
    ids
        Type of customer id: `int` (63-bit numbers without order), `dense` (0, 1, 2, ...), `string`
        (32 hexadecimal characters) or `uuid`. The id of the i-th customer is the same for any
        `seed`, so that two seeds are two batches of one marketplace.
    lines
        Return the lines of each order (about two) instead of one row per order.
    seed
        Another seed gives other orders.

    Returns
    -------
    pyarrow.RecordBatchReader
        `customer_id`, `order_time` timestamp[us], `amount` float64 with two decimals; with `lines`
        also `order_id` int64, `product_id` int64, `channel` dictionary string, `seller_id` int64,
        `list_price` float64, `discount` float64 (a share of the list price). Rows are in no order.

    Raises
    ------
    UsageError
        If there are fewer orders than customers, no customers, or `ids` is unknown.

    Examples
    --------
    >>> simulate(customers=10, orders=30).read_all().num_rows
    30
    """
    if customers < 1:
        raise UsageError(message("{customers} must be at least 1; got {}. Give more.", customers))
    if orders > _MOST_ORDERS:
        raise UsageError(
            message("{orders} must be at most {:,}; got {}. Give fewer.", _MOST_ORDERS, orders)
        )
    if orders < customers:
        raise UsageError(
            message(
                "{orders} must be at least as many as the customers; got {} orders of {} "
                "customers. Give more orders or fewer customers.",
                orders,
                customers,
            )
        )
    if ids not in IDS:
        raise UsageError(
            message("{ids} must be one of {}; got {!r}. Choose one.", ", ".join(IDS), ids)
        )
    schema = _schema(ids, lines=lines)
    batches = _batches(Market(customers, orders, seed), schema, ids, lines=lines)
    return pa.RecordBatchReader.from_batches(schema, batches)


def _schema(ids: Ids, *, lines: bool) -> pa.Schema:
    fields = [
        ("customer_id", customer_column(np.zeros(0, np.uint64), ids).type),
        ("order_time", pa.timestamp("us")),
        ("amount", pa.float64()),
    ]
    if lines:
        fields += [
            ("order_id", pa.int64()),
            ("product_id", pa.int64()),
            ("channel", pa.dictionary(pa.int8(), pa.string())),
            ("seller_id", pa.int64()),
            ("list_price", pa.float64()),
            ("discount", pa.float64()),
        ]
    return pa.schema(fields)


def _batches(
    market: Market, schema: pa.Schema, ids: Ids, *, lines: bool
) -> Iterator[pa.RecordBatch]:
    for numbers in _walk(market.n_orders, market.seed):
        orders = market.orders(numbers)
        columns = _line_columns(market, orders) if lines else _order_columns(market, orders)
        customers, *others = columns
        yield pa.record_batch([customer_column(customers, ids), *others], schema)


def _walk(n_orders: int, seed: int) -> Iterator[Words]:
    """Yield every number below `n_orders` once, in strides, so that neighbours are far apart."""
    stride = max(1, round(n_orders * (math.sqrt(5) - 1) / 2))
    while math.gcd(stride, n_orders) != 1:
        stride += 1
    for first in range(0, n_orders, _BATCH_ORDERS):
        steps = np.arange(min(_BATCH_ORDERS, n_orders - first), dtype=np.uint64)
        start = (first * stride + seed) % n_orders
        yield (steps * np.uint64(stride) + np.uint64(start)) % np.uint64(n_orders)


def _order_columns(market: Market, orders: Orders) -> list[Any]:
    cents = np.where(orders.refund, -market.cents(orders), market.cents(orders))
    return [orders.customer, _times(orders), cents / 100]


def _line_columns(market: Market, orders: Orders) -> list[Any]:
    of, lines = market.lines(orders)
    cents = (lines.list_cents * (100 - lines.discount_percent) + 50) // 100
    times = _times(orders)
    order_ids = mix_63(orders.number + np.uint64((market.seed << _SEEDED) % 2**63))
    return [
        orders.customer[of],
        times.take(pa.array(of)),
        np.where(orders.refund[of], -cents, cents) / 100,
        order_ids[of].view(np.int64),
        lines.product.view(np.int64),
        pa.DictionaryArray.from_arrays(orders.channel[of], CHANNELS),
        lines.seller.view(np.int64),
        lines.list_cents / 100,
        lines.discount_percent / 100,
    ]


def _times(orders: Orders) -> pa.Array:
    return pa.array(orders.time_us, pa.timestamp("us"))
