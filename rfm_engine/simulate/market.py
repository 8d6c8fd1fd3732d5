"""The customers, times, products and amounts of simulated orders."""

from __future__ import annotations

import datetime
import math
from functools import cached_property
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.types import Words
from rfm_engine.simulate.mixing import bits, key_of, mix_64, skewed

CHANNELS = pa.array(["web", "app", "store", "partner"])

_FIRST_DAY, _LAST_DAY = datetime.date(2023, 1, 1), datetime.date(2025, 12, 31)
_N_PRODUCTS, _N_SELLERS = 10_000, 500
_REFUND_SHARE = 0.02
_WEEK = (1.0, 0.95, 0.95, 1.0, 1.1, 1.3, 1.2)  # from Monday
_HOURS = (4, 2, 1, 1, 1, 2, 5, 9, 13, 16, 18, 19, 20, 19, 18, 18, 19, 21, 24, 27, 28, 24, 16, 9)
_DISCOUNTS = (0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 10, 10, 15, 20, 25, 40)  # percent
_LINES = (1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 6)
_BY_CUSTOMER, _BY_PRODUCT = key_of(3), key_of(4)


class Orders(NamedTuple):
    """Orders; each array has one element per order."""

    number: Words
    customer: Words
    time_us: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int8]
    refund: npt.NDArray[np.bool_]


class Lines(NamedTuple):
    """Order lines; each array has one element per line."""

    product: Words
    seller: Words
    list_cents: npt.NDArray[np.int64]
    discount_percent: npt.NDArray[np.int64]


class Market:
    """A marketplace with customers and orders; each order is a function of its number.

    Order i below `n_customers` is the first order of customer i. The next orders are the second
    orders of the repeat customers, which are the lower half. The customers of all other orders are
    random.
    """

    def __init__(self, n_customers: int, n_orders: int, seed: int) -> None:
        self.n_customers = n_customers
        self.n_orders = n_orders
        self.seed = seed
        self._n_repeaters = n_customers - n_customers // 2
        self._n_dealt = n_customers + self._n_repeaters

    def orders(self, number: Words) -> Orders:
        """Return the orders of these numbers."""
        random = mix_64(number, key_of(self.seed, 1))
        customer = self._customers(number)
        return Orders(
            number=number,
            customer=customer,
            time_us=self._times_us(customer, random),
            channel=np.array([0, 0, 0, 1, 1, 1, 2, 3], np.int8)[bits(random, 48, 3)],
            refund=self._refunds(number, random),
        )

    def cents(self, orders: Orders) -> npt.NDArray[np.int64]:
        """Return an amount per order; some customers buy more expensive products than others."""
        random = mix_64(orders.number, key_of(self.seed, 2))
        taste = 50 + bits(mix_64(orders.customer, _BY_CUSTOMER), 40, 7).astype(np.int64)
        price = self._prices[bits(random, 0, 12)]
        return price * taste // 100 + bits(random, 12, 6).astype(np.int64)

    def lines(self, orders: Orders) -> tuple[npt.NDArray[np.intp], Lines]:
        """Return the lines of these orders, and for each line the index of its order."""
        n_lines = np.array(_LINES)[bits(mix_64(orders.number, key_of(self.seed, 3)), 0, 4)]
        of = np.repeat(np.arange(len(n_lines)), n_lines)
        within = np.arange(len(of)) - np.repeat(np.cumsum(n_lines) - n_lines, n_lines)
        line = orders.number[of] * np.uint64(max(_LINES)) + within.astype(np.uint64)
        random = mix_64(line, key_of(self.seed, 4))
        product = skewed(random, _N_PRODUCTS)
        nature = mix_64(product, _BY_PRODUCT)
        return of, Lines(
            product=product,
            seller=skewed(nature, _N_SELLERS),
            list_cents=self._prices[bits(nature, 0, 12)],
            discount_percent=np.array(_DISCOUNTS)[bits(random, 0, 4)],
        )

    def _customers(self, number: Words) -> Words:
        drawn = skewed(mix_64(number, key_of(self.seed, 5)), self._n_repeaters)
        second = number - np.uint64(self.n_customers)
        customer = np.where(number < self._n_dealt, second, drawn)
        return np.where(number < self.n_customers, number, customer)

    def _refunds(self, number: Words, random: Words) -> npt.NDArray[np.bool_]:
        n_drawn = self.n_orders - self._n_dealt
        share = min(0.5, _REFUND_SHARE * self.n_orders / max(1, n_drawn))
        return (number >= self._n_dealt) & (bits(random, 51, 12) < round(share * 4096))

    def _times_us(self, customer: Words, random: Words) -> npt.NDArray[np.int64]:
        """Draw times while customers are active: a third are from the start, half never leave."""
        nature = mix_64(customer, _BY_CUSTOMER)
        came = np.maximum(0.0, bits(nature, 0, 16) * (1.4 / 2**16) - 0.45)
        stay = np.where(bits(nature, 32, 1) == 0, 1.0, 0.1 + bits(nature, 16, 16) * (0.9 / 2**16))
        moment = came + (1.0 - came) * stay * (bits(random, 0, 32) * 2.0**-32)
        day = self._days[(moment * len(self._days)).astype(np.intp)]
        second: npt.NDArray[np.int64] = day * 86_400 + self._seconds[bits(random, 32, 16)]
        return second * 1_000_000

    @cached_property
    def _days(self) -> npt.NDArray[np.int64]:
        """Days since 1970, repeated by share of orders: low in summer, high in late November."""
        epoch = datetime.date(1970, 1, 1)
        days = np.arange((_FIRST_DAY - epoch).days, (_LAST_DAY - epoch).days + 1)
        dates = [epoch + datetime.timedelta(days=int(day)) for day in days]
        return _spread(days, [_busy(date) for date in dates])

    @cached_property
    def _seconds(self) -> npt.NDArray[np.int64]:
        """Seconds of the day, repeated by share of orders: high in the evening."""
        return _spread(np.arange(86_400), np.repeat(_HOURS, 3600))

    @cached_property
    def _prices(self) -> npt.NDArray[np.int64]:
        """Prices in cents, log-normal around 24.53."""
        normal = NormalDist(3.2, 0.9)
        return np.array(
            [round(100 * math.exp(normal.inv_cdf((i + 0.5) / 4096))) for i in range(4096)]
        )


def _busy(date: datetime.date) -> float:
    day = date.timetuple().tm_yday
    year = 1 + 0.25 * math.cos(2 * math.pi * (day - 350) / 365.25)
    sale = 1.7 if (date.month == 11 and date.day >= 22) else 1.0
    return year * sale * _WEEK[date.weekday()]


def _spread(
    values: npt.NDArray[np.int64], weights: npt.ArrayLike, size: int = 2**16
) -> npt.NDArray[np.int64]:
    """Return a table of `size` entries that contains each value in proportion to its weight."""
    total = np.cumsum(weights)
    places = np.searchsorted(total, (np.arange(size) + 0.5) / size * total[-1])
    table: npt.NDArray[np.int64] = values[places]
    return table
