"""The reader of a database driver gives the same result as a file of the same rows."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

import rfm_engine as rfm

ORDERS = pa.table(
    {
        "customer_id": [i * i % 7 for i in range(50)],
        "order_time": [datetime(2026, 1, 1 + i % 28, i % 24, 30) for i in range(50)],
        "amount": [i * 0.25 - 1 for i in range(50)],
    }
)
TIMES = {
    "as written": ("order_time", None),
    "a blank": ("replace(substr(order_time, 1, 19), 'T', ' ')", None),
    "a format": ("strftime('%d/%m/%Y %H:%M:%S', order_time)", "%d/%m/%Y %H:%M:%S"),
    "seconds": ("cast(strftime('%s', order_time) as integer)", "epoch"),
}


def rows_of(orders, **options):
    result = rfm.score(orders, as_of="2026-02-01", **options)
    customers = pa.table(result.customers)
    return sorted(customers.to_pylist(), key=lambda row: row["customer_id"]), result.rows


@pytest.mark.parametrize("kind", TIMES)
def test_sqlite__gives_the_result_of_the_rows(tmp_path, kind):
    from adbc_driver_sqlite import dbapi

    time, time_format = TIMES[kind]
    with dbapi.connect(str(tmp_path / "shop.db")) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("orders", ORDERS)
        cursor.execute(f"select customer_id, {time} as order_time, amount from orders")
        options = {} if time_format is None else {"time_format": time_format}
        found = rows_of(cursor.fetch_record_batch(), **options)
    assert found == rows_of(ORDERS)
