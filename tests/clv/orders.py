"""The orders of CDNOW as a table, and small orders with repeat days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import numpy as np
import pyarrow as pa

from tests.conftest import file_of


@cache
def cdnow() -> pa.Table:
    """Return all 69,659 orders."""
    lines = file_of("lifetimes", "CDNOW_master.txt").read_text().splitlines()[1:]
    rows = [(who, day, paid) for who, day, _, paid in map(str.split, lines)]
    who, days, paid = zip(*rows, strict=True)
    return pa.table(
        {
            "customer_id": pa.array(map(int, who), pa.int64()),
            "order_time": pa.array([date(int(d[:4]), int(d[4:6]), int(d[6:])) for d in days]),
            "amount": pa.array(map(Decimal, paid), pa.decimal128(10, 2)),
        }
    )


@cache
def cdnow_sample() -> pa.Table:
    """Return the 6,919 orders of 2,357 customers."""
    lines = file_of("lifetimes", "CDNOW_sample.txt").read_text().splitlines()
    _, who, days, _, paid = zip(*map(str.split, lines), strict=True)
    times = pa.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in days])
    return pa.table(
        {
            "customer_id": pa.array(who).cast(pa.int64()),
            "order_time": times.cast(pa.date32()),
            "amount": pa.array(paid).cast(pa.decimal128(18, 2)),
        }
    )


def shop(n_customers: int = 400, seed: int = 7) -> pa.Table:
    """Return orders of a year, of customers with different rates and amounts, some refunds."""
    draw = np.random.default_rng(seed)
    who, days, cents = [], [], []
    for customer in range(n_customers):
        first, day = int(draw.integers(0, 300)), 0.0
        rate, mean = draw.gamma(0.8, 1 / 60), draw.gamma(4, 800)
        while first + day < 365:
            who.append(customer)
            days.append(first + int(day))
            cents.append(int(mean * draw.gamma(6, 1 / 6)) + 1)
            if draw.random() < 0.03:
                who.append(customer)
                days.append(first + int(day))
                cents.append(-cents[-1] // 2)
            if draw.random() < 0.1:
                break
            day += draw.exponential(1 / max(rate, 1e-4))
    start = date(2025, 1, 1)
    return pa.table(
        {
            "customer_id": pa.array(who, pa.int64()),
            "order_time": pa.array([start + timedelta(days=day) for day in days]),
            "amount": pa.array([Decimal(each).scaleb(-2) for each in cents], pa.decimal128(12, 2)),
        }
    )
