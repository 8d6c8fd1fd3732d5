"""The same orders in every format."""

from __future__ import annotations

import gzip
import io
import os
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

import rfm_engine as rfm

AS_OF = "2026-10-31"
N_ROWS = 3_000
ORDERS = pa.table(
    {
        "customer_id": [f"customer {i * i % 701}" for i in range(N_ROWS)],
        "order_time": [date(2026, 10, 31) - timedelta(i * 7 % 365) for i in range(N_ROWS)],
        "amount": [i * 37 % 5_000 for i in range(N_ROWS)],
    }
)


def table_bytes(table: pa.Table) -> bytes:
    """Return a table as a Parquet file of two row groups."""
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=N_ROWS // 2)
    return out.getvalue()


def csv() -> bytes:
    out = io.BytesIO()
    pc.write_csv(ORDERS, out)
    return out.getvalue()


def arrow(new=pa.ipc.new_file) -> bytes:
    out = io.BytesIO()
    with new(out, ORDERS.schema) as writer:
        writer.write_table(ORDERS.combine_chunks(), N_ROWS // 2)
    return out.getvalue()


OBJECTS = {
    "orders.parquet": table_bytes(ORDERS),
    "orders.csv": csv(),
    "orders.csv.gz": gzip.compress(csv()),
    "orders.arrow": arrow(),
    "stream.arrow": arrow(pa.ipc.new_stream),
}


def customers_of(orders: object, **options: object) -> list[dict[str, object]]:
    """Score orders; every format must return the same customers."""
    result = rfm.score(orders, as_of=AS_OF, amount_scale=0, **options)
    table = pa.table(result.customers).cast(result.customers.schema)
    return sorted(table.to_pylist(), key=lambda row: row["customer_id"])


SOME_OBJECTS = [*OBJECTS] if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else [*OBJECTS][:2]
"""All of them under the deep profile: retries take seconds each."""
