"""The same orders as tables of a lake and as plain files, and results to compare."""

from __future__ import annotations

import pyarrow as pa

import rfm_engine as rfm

AS_OF = "2020-01-01"
_DAY_2019 = 17_897
N = 240


def orders(first: int = 0, n: int = N) -> pa.Table:
    """Return rows with refunds, null amounts and null customers."""
    rows = range(first, first + n)
    return pa.table(
        {
            "customer_id": pa.array([None if i % 41 == 0 else i * i % 37 for i in rows]),
            "order_time": pa.array(
                [(_DAY_2019 + i * 7 % 360) * 86_400_000_000 + i for i in rows],
                pa.timestamp("us", "UTC"),
            ),
            "amount": pa.array([None if i % 29 == 0 else i % 90 - 5 for i in rows], pa.int64()),
            "order_id": pa.array([i // 2 for i in rows]),
            "shop": pa.array([None if i % 19 == 0 else "a b/ü="[i % 3 :] for i in rows]),
        }
    )


def result_of(given: object, **options: object) -> tuple:
    """Return all that a result says about the orders."""
    options = {"as_of": AS_OF, "order": "order_id", "by": "shop"} | options
    result = rfm.score(given, **options)
    customers = pa.table(result.customers)
    rows = sorted(customers.to_pylist(), key=lambda row: [str(each) for each in row.values()])
    warnings = [(each.code, str(each.text)) for each in result.warnings]
    return rows, customers.schema, result.rows, result.cuts, warnings
