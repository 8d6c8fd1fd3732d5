"""Measure the bytes that docs/explanation/memory.md states; the figures are read from the page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.conftest import COMPILED
from tests.docs.pages import ROOT, tables_of

AS_OF = "2025-12-31"
FIRST_DAY = np.datetime64("2025-01-01", "us")
DAYS_EACH = 5
NET = {"order": "order_id", "refunds": "net-order"}
# From N to 2 N, so that every hash table is measured just before and just after it has grown.
N = 50_000
STEP = N // 20
# How much the page may differ from the measurement: hash tables do not grow at the same moment.
SLACK = 1.3

PAGE = tables_of(ROOT / "docs" / "explanation" / "memory.md")
STATED = {row[0]: (int(row[1]), int(row[2])) for row in PAGE if row[-1].isdigit()}
Ids = Callable[[np.ndarray], pa.Array]


def ints(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers * 1_000_003)


def texts(numbers: np.ndarray) -> pa.Array:
    """Return ids of 32 bytes."""
    return pa.array([f"{number:032x}" for number in numbers.tolist()])


def orders_of(start: int, stop: int, ids: Ids = ints, order_ids: Ids = ints) -> pa.Table:
    """Return one order for each of the customers `start` to `stop`."""
    numbers = np.arange(start, stop)
    return pa.table(
        {
            "customer_id": ids(numbers),
            "order_time": np.full(len(numbers), FIRST_DAY),
            "amount": np.full(len(numbers), 1995),
            "order_id": order_ids(numbers),
        }
    )


def days_of(start: int, stop: int) -> pa.Table:
    """Return rows `start` to `stop`: every customer has five rows, one day apart."""
    numbers = np.arange(start, stop)
    days = FIRST_DAY + (numbers % DAYS_EACH).astype("timedelta64[D]")
    orders = orders_of(start, stop).set_column(0, "customer_id", ints(numbers // DAYS_EACH))
    return orders.set_column(1, "order_time", pa.array(days))


def fresh(**options: str | bool) -> rfm.CustomerTotals:
    return rfm.CustomerTotals(as_of=AS_OF, hash_key=7, **options)


def growth(make: Callable[[int, int], pa.Table], **options: str | bool) -> list[int]:
    """Return the bytes used after N rows, N + STEP, ... 2 N."""
    totals = fresh(**options)
    totals.update(make(0, N))
    held = [totals.nbytes]
    for start in range(N, 2 * N, STEP):
        totals.update(make(start, start + STEP))
        held.append(totals.nbytes)
    return held


def each(held: list[int], less: list[int] | None = None) -> list[float]:
    """Return bytes per row, minus those of totals `less`, which do not store what is measured."""
    others = less or [0] * len(held)
    numbers = range(N, 2 * N + 1, STEP)
    return [(a - b) / n for a, b, n in zip(held, others, numbers, strict=True)]


def customer_of_int() -> list[float]:
    return each(growth(orders_of))


def customer_of_text() -> list[float]:
    return each(growth(lambda a, b: orders_of(a, b, texts)))


def order_of_int() -> list[float]:
    return each(growth(orders_of, order="order_id"), growth(orders_of))


def order_of_text() -> list[float]:
    def make(start: int, stop: int) -> pa.Table:
        return orders_of(start, stop, order_ids=texts)

    return each(growth(make, order="order_id"), growth(make))


def net_order_of_int() -> list[float]:
    return each(growth(orders_of, **NET), growth(orders_of))


def net_order_of_text() -> list[float]:
    def make(start: int, stop: int) -> pa.Table:
        return orders_of(start, stop, order_ids=texts)

    return each(growth(make, **NET), growth(make))


def net_order_day() -> list[float]:
    return each(growth(days_of, frequency="days", **NET), growth(days_of))


def net_order_day_amount() -> list[float]:
    return each(growth(days_of, clv=True, **NET), growth(days_of))


def customer_day() -> list[float]:
    return each(growth(days_of, frequency="days"), growth(days_of))


def customer_day_amount() -> list[float]:
    return each(growth(days_of, clv=True), growth(days_of))


def customer_of_group() -> list[float]:
    return each(growth(orders_of, by="order_id"))


def distinct_row_of_int() -> list[float]:
    both = {"order": "order_id", "distinct": "order_id"}
    return each(growth(orders_of, **both), growth(orders_of, order="order_id"))


def distinct_row_of_text() -> list[float]:
    def make(start: int, stop: int) -> pa.Table:
        return orders_of(start, stop, texts, texts)

    both = {"order": "order_id", "distinct": "order_id"}
    return each(growth(make, **both), growth(make, order="order_id"))


def result_row() -> list[float]:
    customers = rfm.score(orders_of(0, N), as_of=AS_OF).customers
    return [sum(column.nbytes for column in customers.columns) / N]


MEASURED = {
    "customer, integer id": customer_of_int,
    "customer, text id of 32 bytes": customer_of_text,
    "order with `--order`, integer id": order_of_int,
    "order with `--order`, text id of 32 bytes": order_of_text,
    "order with `--refunds net-order`, integer id": net_order_of_int,
    "order with `--refunds net-order`, text id of 32 bytes": net_order_of_text,
    "order and day with `--refunds net-order` and `--frequency days`": net_order_day,
    "order and day with `--refunds net-order` and `--clv`": net_order_day_amount,
    "customer and day with `--frequency days`": customer_day,
    "customer and day with `--clv`": customer_day_amount,
    "customer of a group with `--by`, integer ids": customer_of_group,
    "row with `--distinct`, integer ids": distinct_row_of_int,
    "row with `--distinct`, text ids of 32 bytes": distinct_row_of_text,
    "customer in the result, integer id": result_row,
}


def test_page__states_what_is_measured_here():
    assert set(STATED) == set(MEASURED)


@pytest.mark.skipif(not COMPILED, reason="a million rows, and the same hash tables")
@pytest.mark.parametrize("what", MEASURED)
def test_bytes__are_those_of_the_page(what):
    least, most = STATED[what]
    seen = MEASURED[what]()
    assert least <= min(seen) <= max(seen) <= most
    assert min(seen) / least <= SLACK
    assert most / max(seen) <= SLACK


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"order": "order_id"},
        {"frequency": "days"},
        NET,
        NET | {"frequency": "days"},
        {"distinct": "order_id"},
    ],
)
@pytest.mark.parametrize("ids", [ints, texts])
def test_bytes__stay_when_the_rows_of_the_same_customers_double(ids, options):
    totals = fresh(**options)
    orders = orders_of(0, 5_000, ids, ids)
    totals.update(orders)
    held = totals.nbytes
    totals.update(orders)
    assert totals.nbytes == held
    assert totals.rows.read == 2 * orders.num_rows


def test_readme__says_the_same():
    sizes = {row[0]: row[1] for row in tables_of(ROOT / "README.md")}
    low, high = STATED["customer, integer id"]
    assert sizes["a customer with an integer id"] == f"{low} to {high} bytes"
    low, high = STATED["customer, text id of 32 bytes"]
    assert sizes["a customer with a text id of 32 bytes"] == f"{low} to {high} bytes"
    low, high = STATED["row with `--distinct`, integer ids"]
    row = "a distinct row with integer ids, where `--distinct` is given"
    assert sizes[row] == f"{low} to {high} bytes"
    at_rest, at_most = STATED["order with `--order`, integer id"]
    assert at_rest == at_most
    order = "a distinct order with an integer id, where `--order` is given"
    assert sizes[order] == f"{at_rest} bytes"
