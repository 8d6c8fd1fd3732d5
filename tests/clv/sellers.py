"""Simulated customers of sellers whose parameters differ, without the library."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

MEANS = np.log([0.35, 60.0, 0.9, 2.6])
DAYS = 1_095
AS_OF = "2025-12-31"
"""The day after the last one with orders."""


class Sellers(NamedTuple):
    """Customers of sellers with BG/NBD parameters around common ones.

    Attributes
    ----------
    logs
        Logs of r, alpha, a, b of each seller, `float64[n_sellers, 4]`.
    seller, first
        Seller and first day of each customer.
    orders
        Customer and day of each order day.
    """

    logs: np.ndarray
    seller: np.ndarray
    first: np.ndarray
    orders: np.ndarray

    @classmethod
    def simulated(cls, n_sellers: int, each: int, *, sd: float = 0.3, seed: int = 5) -> Sellers:
        """Return sellers with `each` customers in three years."""
        dice = np.random.default_rng(seed)
        logs = MEANS + dice.normal(0, sd, (n_sellers, 4))
        seller = np.repeat(np.arange(n_sellers), each)
        r, alpha, a, b = np.exp(logs)[seller].T
        rate, leaving = dice.gamma(r, 1 / alpha), dice.beta(a, b)
        first = dice.integers(0, DAYS, len(seller))
        time, buying = first.astype(float), np.arange(len(seller))
        orders = {(who, day) for who, day in enumerate(first.tolist())}
        while len(buying):
            time[buying] += dice.exponential(size=len(buying)) / rate[buying]
            buying = buying[time[buying] < DAYS]
            orders.update(zip(buying.tolist(), time[buying].astype(int).tolist(), strict=True))
            buying = buying[dice.random(len(buying)) >= leaving[buying]]
        return cls(logs, seller, first, np.array(sorted(orders)))

    def keys(self) -> np.ndarray:
        """Return x, t_x and T of each customer as one integer."""
        who, day = self.orders.T
        x = np.bincount(who) - 1
        last = np.zeros(len(x), np.int64)
        np.maximum.at(last, who, day)
        return x << 40 | (DAYS - self.first) << 20 | (last - self.first)

    def table(self, names: list[object] | None = None, kind: pa.DataType | None = None) -> pa.Table:
        """Return the orders with amounts; sellers have numbers, or names of a type."""
        who, day = self.orders.T
        dice = np.random.default_rng(3)
        mean = dice.gamma(4, 700, len(self.seller))
        cents = (mean[who] * dice.gamma(5, 0.2, len(who))).astype(np.int64) + 1
        start = np.datetime64("2023-01-01")
        sellers = self.seller[who].tolist()
        shown = sellers if names is None else [names[each] for each in sellers]
        return pa.table(
            {
                "customer_id": who,
                "order_time": pa.array(start + day).cast(pa.timestamp("s")),
                "amount": pa.array(cents / 100),
                "seller": pa.array(shown, kind or pa.int64()),
            }
        )
