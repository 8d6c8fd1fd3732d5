"""The SQL that `rfm insight show` prints gives the rows of the table on the user's files."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine as rfm
from rfm_engine.insight.answers import asked_of, checked_options, parameters_of
from rfm_engine.insight.lists import list_relations
from rfm_engine.insight.printing import printed_sql
from rfm_engine.insight.tables import TABLES
from rfm_engine.normalize import write_normalized
from rfm_engine.query.conditions import parse_condition
from rfm_engine.query.rows import bucket_folder
from rfm_engine.query.session import Choices, Machine, Session
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED, DEEP

pytestmark = pytest.mark.skipif(not COMPILED, reason="the same SQL without compiling")

_PRODUCT, _CHANNEL = {"attribute": "product_id"}, {"attribute": "channel"}
CASES = {
    **{name: (name, _CHANNEL if table.needs_attribute else {}) for name, table in TABLES.items()},
    "bridge": ("bridge", _PRODUCT | {"until": "2025-09-01", "since": "2025-05-01"}),
    "pairs": ("pairs", _PRODUCT | {"min_item": 1, "min_pair": 1}),
    "affinity of last orders": ("affinity", _CHANNEL | {"mode": "last"}),
    "affinity of any purchase": ("affinity", _CHANNEL | {"mode": "any"}),
    "affinity of spend": ("affinity", _CHANNEL | {"mode": "spend"}),
    "affinity of others": ("affinity", _CHANNEL | {"who": ["frequency >= 2"], "burn_in": "10d"}),
    "main first product": ("first-product", _PRODUCT | {"first_rule": "main"}),
    "cohort by channel": ("cohort", _CHANNEL | {"period": "quarter"}),
    "cohort by age": ("cohort", {"age": "30d"}),
    "cohort by channel and age": ("cohort", _CHANNEL | {"age": "30d"}),
}
"""Tables with options, by what they are; each of the SQL files of tables is among them."""
SHAPES = {
    "lines": {"order": "order_id"},
    "rows": {},
    "groups": {"order": "order_id", "by": "seller_id"},
    "net": {"order": "order_id", "refunds": "net-order"},
    "overall": {"order": "order_id", "by": "seller_id", "overall": True},
    "null group": {"order": "order_id", "by": "seller_id"},
}


# Rows that are orders, and net orders, only change the views.
FEW = ("affinity", "gaps", "pairs", "lifecycle", "cohort by channel and age")
MAIN, OTHERS = ("lines", "groups"), ("rows", "net", "overall", "null group")


class Printed(NamedTuple):
    """A snapshot, the folder of its rows, the rows of its tables, and DuckDB as users have it."""

    snapshot: rfm.Snapshot
    rows: Path
    expected: dict[str, list[dict[str, Any]]]
    opened: duckdb.DuckDBPyConnection


@pytest.fixture(scope="module", params=SHAPES if DEEP else MAIN)
def printed(request, tmp_path_factory):
    yield from of_shape(request.param, tmp_path_factory.mktemp("printed"))


@pytest.fixture(scope="module", params=OTHERS if DEEP else OTHERS[1:3])
def printed_few(request, tmp_path_factory):
    yield from of_shape(request.param, tmp_path_factory.mktemp("printed"))


def of_shape(shape, folder):
    """Score simulated orders, and compute all tables."""
    orders = pa.table(simulate(customers=60, orders=400, lines=True))
    options = {"as_of": "2025-12-31", **SHAPES[shape]}
    facts = shape in MAIN
    if shape == "null group":
        place, seller = orders.column_names.index("seller_id"), orders["seller_id"]
        is_first = pc.equal(seller, pc.min(seller))
        orders = orders.set_column(place, "seller_id", pc.if_else(is_first, None, seller))
    rfm.score(orders, output=folder / "customers.parquet", facts=facts, **options)
    options.pop("overall", None)
    write_normalized(orders, folder / "rows", buckets=3, carry=["channel", "product_id"], **options)
    snapshot = rfm.read_snapshot(folder / "customers.parquet")
    expected = [expected_of(each, folder / "rows") for each in snapshot.populations]
    found = {name: [row for each in expected for row in each[name]] for name in CASES}
    with duckdb.connect() as opened:
        yield Printed(snapshot, folder / "rows", found, opened)


def expected_of(snapshot, place):
    """Return the rows of each table, with the group of a snapshot itself as `group_id`."""
    checked = {name: checked_options(explicit) for name, (_, explicit) in CASES.items()}
    asked = {name: asked_of(table, snapshot, checked[name]) for name, (table, _) in CASES.items()}
    expected = {}
    machine, who = Machine(2, None, None), [parse_condition("frequency >= 2")]
    whole = rfm.read_snapshot(snapshot.path)
    rows = bucket_folder(place, whole)
    for choices in (Choices((), ("segment",)), Choices(who, ("segment",))):
        names = [name for name in CASES if bool(checked[name]["who"]) == bool(choices.who)]
        with Session(snapshot, rows, machine, choices) as session:
            lists = list_relations(snapshot, checked_options({}))
            session.prepare([asked[name].query for name in names], lists)
            for name in names:
                found = session.run(asked[name].query, parameters_of(snapshot, checked[name]))
                if whole.options["by"] is not None:
                    groups = session.customers.groups
                    groups = pa.nulls(1) if groups is None else groups
                    named = groups.take(found["group_id"].combine_chunks())
                    found = found.set_column(0, "group_id", named)
                expected[name] = found.to_pylist()
    return expected


def test_cases__have_each_sql_file():
    names = {asked_of(table, None, checked_options(each)).query.sql.name
             for table, each in CASES.values()}  # fmt: skip
    files = resources.files("rfm_engine.insight.sql").iterdir()
    assert names == {file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql")}


@pytest.mark.parametrize("name", CASES)
def test_printed_sql__gives_the_rows_of_the_table(name, printed):
    check(name, printed)


@pytest.mark.parametrize("name", FEW)
def test_printed_sql__of_other_orders_gives_the_rows_of_the_table(name, printed_few):
    check(name, printed_few)


def check(name, printed):
    snapshot, expected = printed.snapshot, printed.expected[name]
    table, explicit = CASES[name]
    text = printed_sql(table, explicit, snapshot, [str(printed.rows)])
    if name == "lifecycle" and "lifecycle_stage" not in snapshot.schema.names:
        # The file of the snapshot does not have the facts that the table computes.
        with pytest.raises(duckdb.BinderException, match="lifecycle_stage"):
            printed.opened.execute(text)
        return
    *views, query = duckdb.extract_statements(text)
    for view in views:
        printed.opened.execute(view)
    found = printed.opened.sql(query.query).to_arrow_table().to_pylist()
    is_alone = snapshot.options["order"] is None  # then no order has two products
    assert found or (is_alone and name == "pairs")
    by = snapshot.options["by"]
    if by is None:
        assert found == expected
        return
    assert sorted(map(str, (shown(row, by) for row in found))) == sorted(
        map(str, (shown(row, by) for row in expected))
    )


def shown(row, by):
    """Return a row without a split and with its group itself, which may be within a value."""
    group = row["group_id"]
    rest = {name: each for name, each in row.items() if name not in ("group_id", "split")}
    return rest | {by: group[by] if isinstance(group, dict) else group}
