"""Random orders for tests of movement, and their comparison."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.movement import Comparison
from tests.movement.reference import START, WHALES, Row, moment

SCHEMES = ("classic", "five-types", "whales")
GROUPS = (None, "a", "b")


class Case(NamedTuple):
    """Rows, two dates in days, a window in days, a scheme, and whether there are groups."""

    rows: list[Row]
    dates: tuple[int, int]
    window: int | None
    scheme: str
    is_grouped: bool

    @property
    def counted(self) -> list[Row]:
        """The rows as the reference reads them: in one group if there are no groups."""
        rows = self.rows if self.is_grouped else [row._replace(group=None) for row in self.rows]
        return [row for row in rows if row.day <= self.dates[1]]


def day_of(number: int) -> date:
    return START.date() + timedelta(number)


ROWS = st.builds(
    Row, st.integers(-2, 5), st.sampled_from(GROUPS), st.integers(0, 24 * 60 - 1),
    st.integers(-4, 9),
)  # fmt: skip
CASES = st.builds(
    Case, st.lists(ROWS, max_size=40),
    st.tuples(st.integers(0, 40), st.integers(0, 19)).map(lambda two: (two[0], sum(two))),
    st.none() | st.integers(1, 60), st.sampled_from(SCHEMES), st.booleans(),
)  # fmt: skip


def random_case(seed: int, scheme: str, window: int | None, *, is_grouped: bool) -> Case:
    """Return orders of more customers, some of whom have many."""
    dice = random.Random(seed)
    rows = [
        Row(
            int(dice.paretovariate(0.7)) % 90 - 40, dice.choice(GROUPS), dice.randrange(24 * 60),
            dice.choice((-4, -1, 0, 1, 2, 3, 5, 5, 8, 120)),
        )
        for _ in range(600)
    ]  # fmt: skip
    return Case(rows, (35, 50), window, scheme, is_grouped)


@contextmanager
def compared(case: Case, *, with_rows: bool = False, **options: Any) -> Iterator[Comparison]:
    """Score the orders of a case at both dates and compare them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scheme: Any = case.scheme
        if scheme == "whales":
            scheme = folder / "whales.toml"
            scheme.write_text(WHALES)
        orders = table_of(case.rows)
        window = {} if case.window is None else {"window": f"{case.window}d"}
        by = {"by": "seller"} if case.is_grouped else {}
        both = []
        for number, day in enumerate(case.dates):
            place = folder / f"{number}.parquet"
            rfm.score(
                orders, as_of=day_of(day), scheme=scheme, sort="customer", amount_scale=2,
                output=place, **window, **by, **options,
            )  # fmt: skip
            both.append(rfm.read_snapshot(place))
        yield Comparison(*both, rows=orders if with_rows else None, threads=1)


def table_of(rows: Sequence[Row]) -> pa.Table:
    columns = {
        "customer_id": pa.array([row.customer for row in rows], pa.int64()),
        "order_time": pa.array([moment(row) for row in rows], pa.timestamp("us")),
        "amount": pa.array([row.minor for row in rows], pa.int64()),
        "seller": pa.array([row.group for row in rows], pa.string()),
    }
    cents = pa.array([None if m is None else m for m in columns["amount"].to_pylist()], pa.int64())
    amounts = [f"{minor / 100:.2f}" for minor in cents.to_pylist()]
    columns["amount"] = pa.array(amounts, pa.string()).cast(pa.decimal128(18, 2))
    return pa.table(columns)
