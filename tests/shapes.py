"""Build named hard inputs, and convert Arrow tables to the rows of the naive twin."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa

from tests.reference import Row
from tests.reference_money import Single
from tests.reference_time import floor_us

DAY_US = 86_400_000_000
NEW_YEAR_2024_US = 1_704_067_200_000_000
AS_OF = "2025-12-31"


def rows_of(table: pa.Table) -> list[Row]:
    """Convert the default columns to rows, and `order_id` and `quantity` if they exist."""
    n = table.num_rows
    amount = table.schema.field("amount").type
    amounts = table["amount"].to_pylist()
    if amount == pa.float32():
        amounts = [None if value is None else Single(value) for value in amounts]
    return [
        Row(*fields)
        for fields in zip(
            keys_of(table["customer_id"]),
            times_us_of(table["order_time"]),
            amounts,
            keys_of(table["order_id"]) if "order_id" in table.column_names else [None] * n,
            table["quantity"].to_pylist() if "quantity" in table.column_names else [1] * n,
            strict=True,
        )
    ]


def keys_of(column: pa.ChunkedArray) -> list[int | str | bytes | None]:
    values = column.to_pylist()
    return [value.bytes if hasattr(value, "bytes") else value for value in values]


def times_us_of(column: pa.ChunkedArray) -> list[int | None]:
    kind = column.type
    if pa.types.is_date32(kind):
        unit, ticks = "D", column.cast(pa.int32())
    elif pa.types.is_date64(kind):
        unit, ticks = "ms", column.cast(pa.int64())
    else:
        unit, ticks = kind.unit, column.cast(pa.int64())
    return [None if tick is None else floor_us(tick, unit) for tick in ticks.to_pylist()]


def orders_table(customers, times_us, amounts, **more: pa.Array) -> pa.Table:
    """Build a table of the default columns; plain lists become int64, naive us and decimals."""
    columns = {
        "customer_id": _array(customers, pa.int64()),
        "order_time": _array(times_us, pa.timestamp("us")),
        "amount": _array(amounts, pa.decimal128(18, 2)),
    }
    return pa.table(columns | more)


def _array(values, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, kind)


def cents(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def random_orders(n: int, n_customers: int, seed: int = 0) -> pa.Table:
    """Build orders of two years, with refunds, zeros and a skewed number of orders per customer."""
    dice = random.Random(seed)
    return orders_table(
        [int(n_customers * dice.random() ** 2.2) for _ in range(n)],
        [NEW_YEAR_2024_US + int(dice.random() * 730 * DAY_US) for _ in range(n)],
        [cents(max(-5_000, int(dice.gauss(4_000, 3_000)))) for _ in range(n)],
    )


def _times(n: int) -> list[int]:
    return [NEW_YEAR_2024_US + i * 37 % 700 * DAY_US + i for i in range(n)]


def _zipf() -> pa.Table:
    return random_orders(400, 100)


def _same_day() -> pa.Table:
    return orders_table(
        [i % 17 for i in range(60)], [NEW_YEAR_2024_US] * 60, [cents(i) for i in range(60)]
    )


def _same_amount() -> pa.Table:
    return orders_table([i % 23 for i in range(100)], _times(100), [cents(999)] * 100)


def _one_giant_customer() -> pa.Table:
    return orders_table(
        [7 if i % 100 else i for i in range(500)], _times(500), [cents(100 + i) for i in range(500)]
    )


def _near_the_limit() -> pa.Table:
    top = 10**18 - 1
    amounts = [top, -top, top, -top, top - 1, 1, 0, -1]
    customers = [1, 2, 3, 3, 4, 4, 5, 6]
    return orders_table(customers, _times(8), [cents(minor) for minor in amounts])


def _mostly_one_timers() -> pa.Table:
    customers = [*range(80), *(80 + i % 20 for i in range(80))]
    return orders_table(customers, _times(160), [cents(500 + i) for i in range(160)])


def _all_unique() -> pa.Table:
    return orders_table(
        [i * 2**40 for i in range(300)], _times(300), [cents(i) for i in range(300)]
    )


def _only_refunds() -> pa.Table:
    return orders_table([1, 1, 2], _times(3), [cents(-5), cents(-7), cents(-1)])


def _single_row() -> pa.Table:
    return orders_table([0], _times(1), [cents(0)])


def _no_rows() -> pa.Table:
    return orders_table([], [], [])


HARD: dict[str, Callable[[], pa.Table]] = {
    "zipf": _zipf,
    "all the same day": _same_day,
    "all the same amount": _same_amount,
    "one giant customer": _one_giant_customer,
    "near the limit": _near_the_limit,
    "mostly one-timers": _mostly_one_timers,
    "all unique": _all_unique,
    "only refunds": _only_refunds,
    "single row": _single_row,
    "no rows": _no_rows,
}
