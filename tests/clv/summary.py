"""The published summary of the CDNOW sample, in units of time of which all times are multiples."""

from __future__ import annotations

import csv
from functools import cache

import numpy as np

from tests.conftest import file_of

MILLIWEEKS = 1000
"""Thousandths of weeks; the summary has hundredths, and months of 4.345 weeks were published."""


@cache
def published_summary():
    """Return x, t_x and T as `int64[n]`, and the mean amounts as texts."""
    place = file_of("lifetimes", "cdnow_customers_summary_with_transactions.csv")
    rows = [*csv.reader(place.read_text().splitlines())][1:]
    times = [[round(MILLIWEEKS * float(row[i])) for row in rows] for i in (2, 3)]
    x = [int(row[1]) for row in rows]
    return *(np.array(column, np.int64) for column in (x, *times)), [row[4] for row in rows]
