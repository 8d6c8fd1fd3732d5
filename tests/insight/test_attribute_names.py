"""A column of the rows may have any name, also that of a column that is computed."""

from __future__ import annotations

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.insight.answers import answer
from rfm_engine.insight.tables import TABLES
from tests.conftest import COMPILED, DEEP
from tests.insight.frames import orders_table, random_rows, scored

pytestmark = pytest.mark.skipif(not COMPILED, reason="the same SQL without compiling")

NAMES = ["order_number", "Minor", "Attribute 0"]
MORE = [
    "Group_ID", "first_day",
    "Order_Number", "group_id", "prev_day", "orders_after", "attribute", "chosen", "units",
    "list_minor", "ORDER_ID", "Day", "moment ", "customer_id 2", 'a "quoted" name', "value",
    "select",
]  # fmt: skip
GROUPS = ["order_number", "Group_ID"]
TABLES_OF_VALUES = [name for name, table in TABLES.items() if table.needs_attribute]
LOW = {
    "min_customers": 0,
    "min_pair": 1,
    "min_item": 1,
    "until": "2025-03-01",
    "since": "2025-02-01",
    "threads": 2,
}


def renamed_of(table, name):
    """Return orders with their products under another name."""
    numbers = table["product"].cast(pa.int64())
    place = table.column_names.index("product")
    return table.set_column(place, name, numbers)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    orders = orders_table(random_rows(5000, 150, 4))
    snapshot = scored(orders, tmp_path_factory.mktemp("shop"))
    plain = renamed_of(orders, "number")
    options = LOW | {"attribute": "number"}
    return orders, snapshot, answer(TABLES_OF_VALUES, snapshot, plain, options)


@pytest.mark.parametrize("name", [*NAMES, *MORE] if DEEP else NAMES)
def test_attribute__of_any_name_gives_the_same_tables(name, shop):
    orders, snapshot, expected = shop
    found = answer(TABLES_OF_VALUES, snapshot, renamed_of(orders, name), LOW | {"attribute": name})
    for table in TABLES_OF_VALUES:
        assert found[table].table.equals(expected[table].table), table
        assert found[table].table.num_rows, table


@pytest.mark.parametrize("name", ["order_number", "Minor"])
def test_product__of_any_name_gives_the_same_labels(name, shop):
    orders, snapshot, _ = shop
    labels = ["product", "novelty"]
    plain = rfm.label(snapshot, rows=renamed_of(orders, "number"), labels=labels, product="number")
    other = rfm.label(snapshot, rows=renamed_of(orders, name), labels=labels, product=name)
    assert other.equals(plain)


@pytest.mark.parametrize("name", [*GROUPS, "first_day", "prev_day"] if DEEP else GROUPS)
def test_groups__may_be_in_a_column_of_any_name(name, shop, tmp_path):
    orders, *_ = shop
    names = ("deciles", "repeat", "hours", "cohort")
    tables = {}
    for by in ("number", name):
        (tmp_path / by).mkdir()
        renamed = renamed_of(orders, by)
        snapshot = scored(renamed, tmp_path / by, by=by)
        found = answer(names, snapshot, renamed, {"threads": 2})
        tables[by] = [found[each].table.rename_columns({by: "group"}) for each in names]
    assert tables["number"] == tables[name]


def test_script__reads_columns_of_the_user_with_free_names(shop, tmp_path):
    orders, snapshot, _ = shop
    renamed = renamed_of(orders, "Source")
    script = tmp_path / "own.sql"
    script.write_text(
        "-- inputs: lines(Source, minor)\nselect Source, sum(minor)::bigint as minor from lines\n"
        "group by Source order by Source nulls last\n"
    )
    found = rfm.insight.run(str(script), snapshot, rows=renamed, attribute="Source")
    assert found.num_rows == len(renamed["Source"].unique())


def test_script__of_customers_takes_an_attribute_that_it_does_not_read(shop, tmp_path):
    _, snapshot, _ = shop
    script = tmp_path / "own.sql"
    script.write_text("-- inputs: customers()\nselect count(*) as n from customers\n")
    found = rfm.insight.run(str(script), snapshot, attribute="source")
    assert found.to_pylist() == [{"n": snapshot.n_customers}]
