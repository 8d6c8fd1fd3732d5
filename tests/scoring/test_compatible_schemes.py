"""The schemes of R's rfm and of Klaviyo on CDNOW, against independent code in Python."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from itertools import pairwise

import pytest
from pyarrow import compute as pc

import rfm_engine as rfm
from tests.conftest import COMPILED
from tests.reference_schemes import CODES, RULES

AS_OF = date(1998, 6, 30)


@pytest.fixture(scope="module")
def cdnow(cdnow):
    """Return all customers, or every fifth customer if kernels run as Python."""
    if COMPILED:
        return cdnow
    return cdnow.filter(pc.match_substring_regex(cdnow["customer_id"], "[08]$"))


@pytest.fixture(scope="module")
def orders(cdnow):
    """Return the customer, the date and the cents of each row."""
    cents = (int(amount * 100) for amount in cdnow["amount"].to_pylist())
    columns = cdnow["customer_id"].to_pylist(), cdnow["order_time"].to_pylist(), cents
    return list(zip(*columns, strict=True))


def measures(orders):
    """Return days since the last order, orders and cents per customer."""
    found = {}
    for who, day, cents in orders:
        days, n, total = found.get(who, (10**9, 0, 0))
        found[who] = min(days, (AS_OF - day).days), n + 1, total + cents
    return found


def ours(cdnow, scheme):
    table = rfm.score(cdnow, as_of=AS_OF, scheme=scheme).customers
    names = ("customer_id", "r_score", "f_score", "m_score", "rfm_score", "segment")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return {who: row for who, *row in rows}


def intervals_of_r(values, unit):
    """Return five intervals `[low, high)`, cut one unit above the four type 7 quantiles."""
    ordered = sorted(values)
    inner = []
    for i in range(1, 5):
        place = Fraction(i, 5) * (len(ordered) - 1)
        low, weight = ordered[int(place)], place % 1
        high = ordered[min(int(place) + 1, len(ordered) - 1)]
        inner.append(low * (1 - weight) + high * weight + unit)
    ends = [ordered[0], *inner, ordered[-1] + unit]
    return list(pairwise(ends))


def boxes_of_r():
    """Yield the name and the three ranges of scores of each segment."""
    for rule in RULES["r-rfm"].split(";"):
        *name, box = rule.split()
        ends = [(int(part[0]), int(part[-1])) for part in box.split("/")]
        yield " ".join(name), ends


def test_r_rfm__every_customer_as_the_package_has_it(cdnow, orders):
    by_customer = measures(orders)
    days, counts, cents = zip(*by_customer.values(), strict=True)
    recency, frequency, monetary = (
        intervals_of_r(values, unit) for values, unit in ((days, 1), (counts, 1), (cents, 100))
    )
    segments = list(boxes_of_r())
    expected = {}
    for who, (n_days, n, total) in by_customer.items():
        # The package sets the score of each interval that contains the value; there is exactly one.
        [r] = [5 - i for i, (low, high) in enumerate(recency) if low <= n_days < high]
        [f] = [1 + i for i, (low, high) in enumerate(frequency) if low <= n < high]
        [m] = [1 + i for i, (low, high) in enumerate(monetary) if low <= total < high]
        fitting = [
            name
            for name, ends in segments
            if all(low <= s <= high for s, (low, high) in zip((r, f, m), ends, strict=True))
        ]
        expected[who] = [r, f, m, str(100 * r + 10 * f + m), (*fitting, "Others")[0]]
    assert len(expected) == 23_570 or not COMPILED
    assert ours(cdnow, "r-rfm") == expected


def third(values, i):
    """Return the smallest value that i thirds of the values do not exceed."""
    counts, reached = Counter(values), 0
    for value in sorted(counts):
        reached += counts[value]
        if 3 * reached >= i * len(values):
            return value
    raise AssertionError


def test_klaviyo__every_customer_as_its_report_has_it(cdnow, orders):
    by_customer = measures([order for order in orders if order[2] != 0])
    _, counts, cents = zip(*by_customer.values(), strict=True)
    thirds = [[third(values, i) for i in (1, 2)] for values in (counts, cents)]
    named = {}
    for rule in CODES["klaviyo"].split(";"):
        words = rule.split()
        named |= {w: " ".join(x for x in words if x.isalpha()) for w in words if w.isdigit()}
    assert len(named) == 27
    expected = {}
    for who, (days, n, total) in by_customer.items():
        r = 3 if days <= 180 else 2 if days <= 365 else 1
        f, m = (
            1 + (value > one) + (value > two)
            for value, (one, two) in zip((n, total), thirds, strict=True)
        )
        code = f"{r}{f}{m}"
        expected[who] = [r, f, m, code, named[code]]
    assert len({who for who, _, _ in orders}) > len(expected)
    assert ours(cdnow, "klaviyo") == expected
