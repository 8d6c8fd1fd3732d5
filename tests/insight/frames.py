"""Random orders for tests of insight, as rows of the reference and as Arrow tables."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.insight.answers import answer
from rfm_engine.insight.tables import TABLES
from tests.insight.reference import Row

AS_OF = date(2025, 3, 31)
TIMES = [
    datetime(2025, month, day, hour) for month in (1, 2, 3) for day in (1, 15) for hour in (0, 9)
]
SOURCES = (None, "app", "web", "mail", "\u00e9")
PRODUCTS = (None, 10, 9, -1, 100)
MANY = (None, *range(-1, 12))
OPTIONS = {
    "product": "product", "units": "pieces", "discount": ["discount"], "list": "list_price"
}  # fmt: skip
"""The options that name the columns of `orders_table` for labels."""

IDS = {"int": st.integers(-2, 3), "text": st.sampled_from(["a", "b", "B", "\u00e9", "", "aa"])}
ORDERS = {"int": st.none() | st.integers(-3, 3), "text": st.none() | st.sampled_from("xyz")}


@st.composite
def orders(draw: Callable[..., Any], kind: str = "int") -> list[Row]:
    """Draw rows with refunds, equal instants, nulls and customers who only have refunds."""
    row = st.builds(
        Row, IDS[kind], ORDERS[kind], st.sampled_from(TIMES), st.integers(-4, 9) | st.just(0),
        st.sampled_from(SOURCES), st.sampled_from(PRODUCTS), st.sampled_from((None, 0, 1, 2)),
        st.sampled_from((None, 0, 0, 1, 3)), st.sampled_from((None, None, 0, 5)),
        st.sampled_from((None, True, False)),
    )  # fmt: skip
    return draw(st.lists(row, max_size=40))


def random_rows(n: int, n_customers: int, seed: int = 0) -> list[Row]:
    """Return rows like those that `orders` draws, of more customers and times."""
    dice = random.Random(seed)
    return [
        Row(
            dice.randrange(n_customers) - n_customers // 2,
            dice.choice((None, None, None, 1, 2, 3, 4, 10)),
            datetime(2025, dice.randint(1, 3), dice.randrange(1, 29, 3), dice.choice((0, 9, 22))),
            dice.choice((-4, -1, 0, 1, 1, 2, 3, 5, 5, 8, 12)),
            dice.choice(SOURCES), dice.choice(MANY),
            dice.choice((None, 0, 1, 2)), dice.choice((None, 0, 0, 1, 3)),
            dice.choice((None, None, 0, 5)), dice.choice((None, True, False)),
        )
        for _ in range(n)
    ]  # fmt: skip


ROWS = random_rows(1500, 150)

# Each kind of id keeps the order of the whole numbers from -128 to 127 that it is made of.
KINDS: dict[str, tuple[pa.DataType, Callable[[int], Any]]] = {
    "int": (pa.int64(), int),
    "text": (pa.string(), lambda i: f"k\u00e9y {i + 128:03}"),
    "uuid": (pa.uuid(), lambda i: bytes([i + 128, *range(1, 241, 16)])),
    "binary": (pa.binary(), lambda i: bytes([i + 128, 0, 255])),
}


def orders_table(rows: Sequence[Row], kind: str | None = None) -> pa.Table:
    """Return rows as the table that a user has; ids of numbers are converted to a kind of id.

    Without a kind, ids are taken as they are.
    """
    is_text = any(isinstance(row.customer, str) for row in rows)
    type_, of = KINDS[kind] if kind else (pa.string() if is_text else pa.int64(), lambda i: i)
    ids = [[row.customer for row in rows], [row.order for row in rows]]
    customers, numbers = ([None if i is None else of(i) for i in column] for column in ids)
    columns: dict[str, tuple[Iterable[Any], pa.DataType]] = {
        "customer_id": (customers, type_),
        "order_id": (numbers, type_),
        "order_time": ((row.time for row in rows), pa.timestamp("us")),
        "amount": ((row.minor for row in rows), pa.int64()),
        "source": ((row.source for row in rows), pa.string()),
        "product": ((row.product for row in rows), pa.int64()),
        "pieces": ((row.pieces for row in rows), pa.int64()),
        "discount": ((row.discount for row in rows), pa.int64()),
        "list_price": ((row.listed for row in rows), pa.int64()),
        "is_bundle": ((row.is_bundle for row in rows), pa.bool_()),
    }
    return pa.table({name: pa.array(list(own), kind) for name, (own, kind) in columns.items()})


def turned(table: pa.Table) -> pa.Table:
    """Return a table with its rows in reverse order."""
    return table.take(pa.array(range(len(table))[::-1], pa.int64()))


def scored(table: object, folder: Path, **options: Any) -> rfm.Snapshot:
    """Return the snapshot of a table such as `orders_table` returns."""
    place = folder / "customers.parquet"
    rfm.score(table, as_of=AS_OF, output=place, **({"order": "order_id"} | options))
    return rfm.read_snapshot(place)


def answers(
    rows: Sequence[Row],
    names: Sequence[str],
    *,
    score: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, list[dict[str, Any]]]:
    """Score rows, and compute tables from the same rows in another order.

    The scored customers are the table `customers`.
    """
    table = orders_table(rows)
    with tempfile.TemporaryDirectory() as name:
        snapshot = scored(table, Path(name), **(score or {}))
        known = {name for each in names for name in TABLES[each].options}
        given = {"attribute": "source", "min_customers": 0, "within": "20d"} | options
        explicit = {name: given[name] for name in given if name in known} | {"threads": 2}
        found = answer(names, snapshot, turned(table), explicit)
        tables = {name: each.table.to_pylist() for name, each in found.items()}
        return tables | {"customers": snapshot.all_rows().to_pylist()}


def by(rows: Iterable[dict[str, Any]], keys: Sequence[str], *names: str) -> dict[Any, Any]:
    """Return some columns of rows by one or several others."""
    return {
        tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: tuple(
            row[name] for name in names
        )
        for row in rows
    }
