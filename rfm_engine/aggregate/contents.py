"""What a partition holds, as plain arrays: what finishing, merging and disks take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.daily import DayEntries
from rfm_engine.aggregate.net_orders import NetEntries
from rfm_engine.orders.keys import ByteKeys, Keys, joined


class OrderEntries(NamedTuple):
    """Distinct orders: the customer's row, and a value; with `keys`, the value is one's number."""

    rows: npt.NDArray[np.uint32]
    values: npt.NDArray[np.int64]
    keys: ByteKeys | None


class Contents(NamedTuple):
    """Customers by row: keys, records (`int64[n, 4]`), distinct orders and days where kept.

    `net` are orders with their net amounts.
    """

    keys: Keys
    records: npt.NDArray[np.int64]
    orders: OrderEntries | None = None
    days: DayEntries | None = None
    net: NetEntries | None = None


def together(parts: Sequence[Contents]) -> Contents:
    """Put the contents of partitions behind each other, at least one, days and `net` left out."""
    if len(parts) == 1:
        return parts[0]._replace(days=None, net=None)
    keys = joined([part.keys for part in parts])
    records = np.concatenate([part.records for part in parts])
    entries = [part.orders for part in parts if part.orders is not None]
    if not entries:
        return Contents(keys, records)
    starts = np.cumsum([0, *(len(part.records) for part in parts)])
    rows = np.concatenate(
        [each.rows + start for each, start in zip(entries, starts, strict=False)]
    ).astype(np.uint32)
    texts = [each.keys for each in entries if each.keys is not None]
    if not texts:
        values = np.concatenate([each.values for each in entries])
        return Contents(keys, records, OrderEntries(rows, values, None))
    first = np.cumsum([0, *(len(each.offsets) - 1 for each in texts)])
    values = np.concatenate(
        [each.values + start for each, start in zip(entries, first, strict=False)]
    )
    order_keys = joined(texts)
    assert isinstance(order_keys, ByteKeys)
    return Contents(keys, records, OrderEntries(rows, values, order_keys))
