"""Random shops with campaigns: rows, assignments and responses, and their files."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.activation.campaign.report_table import Report
from tests.activation.reference_campaign import Contact, Order, Response

START = datetime(2026, 1, 1)
AS_OF = date(2026, 1, 21)
LAST = 60
"""Days with orders after the start; one of a customer of its own is always on the last one."""
SHOPS = (None, "a", "b")
CAMPAIGNS = ("b", "a", "é")
KINDS = {"integers": pa.int64(), "texts": pa.string(), "bytes": pa.binary(), "uuids": pa.uuid()}


class Case(NamedTuple):
    """A shop: its rows, who was assigned, who responded, and whether there are groups."""

    rows: list[Order]
    contacts: list[Contact]
    responses: list[Response]
    is_grouped: bool
    kind: str = "integers"

    def shuffled(self, seed: int) -> Case:
        """Return the same shop with all rows in another order."""
        dice = random.Random(seed)
        three = [dice.sample(each, len(each)) for each in self[:3]]
        return Case(*three, self.is_grouped, self.kind)


def case_of(
    rows: list[Order], contacts: list[Contact], responses: list[Response], is_grouped: bool
) -> Case:
    """Return a shop that has a row on the last day, and one contact per customer and campaign."""
    if not is_grouped:
        rows, contacts, responses = (
            [each._replace(group=None) for each in several]
            for several in (rows, contacts, responses)
        )
    end = Order(99, None, None, START + timedelta(LAST), 5, 1)
    known = {(each.customer, each.group, each.campaign): each for each in contacts}
    return Case([*rows, end], list(known.values()), responses, is_grouped)


def contact(customer: int, group: Any, campaign: str, is_treated: bool, days: tuple) -> Contact:
    first, length, cost = days
    begins = AS_OF + timedelta(1 + first)
    return Contact(customer, group, campaign, is_treated, begins, begins + timedelta(length), cost)


PEOPLE, GROUPS, NAMES = st.integers(0, 6), st.sampled_from(SHOPS), st.sampled_from(CAMPAIGNS)
MINUTES = st.integers(0, LAST * 24 * 60 - 1)
CASES = st.builds(
    case_of,
    st.lists(
        st.builds(
            Order, st.none() | PEOPLE, GROUPS, st.none() | st.integers(0, 9),
            MINUTES.map(lambda n: START + timedelta(minutes=n)),
            st.integers(-500, 900), st.integers(-90, 90),
        ),
        max_size=40,
    ),
    st.lists(
        st.builds(
            contact, PEOPLE, GROUPS, NAMES, st.booleans(),
            st.tuples(st.integers(0, 9), st.integers(0, 20), st.integers(0, 9)),
        ),
        min_size=1, max_size=20,
    ),
    st.lists(st.builds(Response, PEOPLE, GROUPS, NAMES, st.integers(0, 9)), max_size=9),
    st.booleans(),
)  # fmt: skip


def random_case(seed: int, *, n: int = 90, is_grouped: bool) -> Case:
    """Return a shop of more customers with overlapping campaigns, one without a holdout."""
    dice = random.Random(seed)

    def who() -> tuple[int, Any]:
        return dice.randrange(n), dice.choice(SHOPS)

    rows = [
        Order(
            *who(), dice.choice([None, dice.randrange(20)]),
            START + timedelta(minutes=dice.randrange(LAST * 24 * 60)),
            dice.randint(-400, 900), dice.randint(-90, 90),
        )
        for _ in range(12 * n)
    ]  # fmt: skip
    contacts = []
    for name, first in (("a", 0), ("b", 4)):
        for customer in range(0, n + 9, 1 if name == "a" else 2):
            is_treated = dice.random() < 0.7
            contacts += [
                contact(customer, group, name, is_treated, (first, 12, dice.randrange(9)))
                for group in SHOPS
            ]
    contacts += [
        contact(customer, group, "é", True, (1, 9, 3)) for customer in range(n // 3)
        for group in SHOPS
    ]  # fmt: skip
    responses = [Response(*who(), dice.choice(CAMPAIGNS), dice.randrange(9)) for _ in range(n)]
    return case_of(rows, contacts, responses, is_grouped)


def id_of(customer: Any, kind: str) -> Any:
    """Return a customer in another type."""
    if customer is None or kind == "integers":
        return customer
    if kind == "texts":
        return f"c{customer}"
    return customer.to_bytes(16 if kind == "uuids" else 2, "big")


@contextmanager
def files_of(case: Case) -> Iterator[tuple[rfm.Snapshot, Path]]:
    """Yield the snapshot before the campaigns, and the folder with the files of a shop."""
    kind = KINDS[case.kind]
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = pa.table({
            "customer_id": ids(case.rows, case.kind), "shop": shops(case.rows),
            "order_id": pa.array([row.number for row in case.rows], pa.int64()),
            "order_time": pa.array([row.moment for row in case.rows], pa.timestamp("us")),
            "amount": pa.array([row.minor for row in case.rows], pa.int64()),
            "profit": pa.array([row.margin for row in case.rows], pa.int64()),
        })  # fmt: skip
        assigned = pa.table({
            "customer_id": ids(case.contacts, case.kind), "shop": shops(case.contacts),
            "campaign": [each.campaign for each in case.contacts],
            "arm": ["treated" if each.is_treated else "holdout" for each in case.contacts],
            "contacted_on": [each.begins for each in case.contacts],
            "ends_on": [each.ends for each in case.contacts],
            "cost_minor": [each.cost for each in case.contacts],
        })  # fmt: skip
        responses = pa.table({
            "customer_id": ids(case.responses, case.kind), "shop": shops(case.responses),
            "campaign": pa.array([each.campaign for each in case.responses], pa.string()),
            "cost_minor": pa.array([each.cost for each in case.responses], pa.int64()),
        })  # fmt: skip
        assert kind == rows.schema.field(0).type
        for table, name in ((rows, "rows"), (assigned, "assigned"), (responses, "responses")):
            pq.write_table(table, folder / f"{name}.parquet")
        by = {"by": "shop"} if case.is_grouped else {}
        place = folder / "customers.parquet"
        rfm.score(
            folder / "rows.parquet", as_of=AS_OF, output=place, order="order_id", threads=1, **by
        )
        yield rfm.read_snapshot(place), folder


def ids(several: list[Any], kind: str) -> pa.Array:
    return pa.array([id_of(each.customer, kind) for each in several], KINDS[kind])


def shops(several: list[Any]) -> pa.Array:
    return pa.array([each.group for each in several], pa.string())


def reported(snapshot: rfm.Snapshot, folder: Path, **options: Any) -> Report:
    """Return the report of the campaigns of a shop."""
    whole = {"responses": folder / "responses.parquet", "margin": "profit", "threads": 1}
    return rfm.campaign.report(
        snapshot, assigned=folder / "assigned.parquet", rows=folder / "rows.parquet",
        **whole | options,
    )  # fmt: skip
