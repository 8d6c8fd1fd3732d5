"""Sums of tables are those of the snapshot, and without customers tables have no rows."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest

from tests.insight.cases import CASES, tables
from tests.insight.frames import orders_table, random_rows, scored
from tests.insight.reference import Row

# The table has every stage, even if no customer has it.
ALWAYS = {"aipl": 5}


class Sums:
    """Sums of columns of the tables of random orders."""

    def __init__(self, found):
        self.found = found

    def __call__(self, name, *columns, **where):
        """Return the sums of columns over the rows whose columns have some values."""
        rows = self.found[name].to_pylist()
        own = [row for row in rows if all(row[key] == value for key, value in where.items())]
        assert own
        return tuple(sum(row[column] for row in own) for column in columns)


@pytest.fixture(scope="module")
def whole(shop_of_rows):
    """Customers, orders and net amount of the snapshot."""
    customers = shop_of_rows.snapshot.all_rows()
    orders, amounts = (customers[name].to_pylist() for name in ("frequency", "monetary"))
    return len(customers), sum(orders), int(sum(amounts))


def test_sums__are_those_of_the_snapshot(shop_of_rows, whole):
    n, n_orders, minor = whole
    sums = Sums(shop_of_rows.tables)
    counted = "customers", "orders", "minor"
    assert sums("concentration", "customers", "minor", p=100) == (n, minor)
    assert sums("deciles", *counted) == whole
    assert sums("lifecycle", *counted) == whole
    assert sums("stats", *counted, total=True) == whole
    assert sums("stats", *counted, total=False) == whole
    assert sums("cohort", "orders", "minor") == (n_orders, minor)
    assert sums("cohort", "customers", "active", k=0) == (n, n)
    assert sums("cohort by age", "customers", k=0) == (n,)
    assert sums("new-returning", "first_orders") == (n,)
    assert sums("new-returning", "repeat_orders") == (n_orders - n,)
    assert sums("hours", "orders") == (n_orders,)
    assert sums("gaps", "n", basis="per order") == (n_orders - n,)
    assert sums("repeat", "customers") == (n,)
    assert sums("aipl", "customers") == (n,)
    assert sums("first-product", "customers", total=True) == (n,)
    assert sums("main first product", "customers", total=False) == (n,)
    assert sum(sums("first-product", "first_minor", "later_minor", total=True)) == minor


def test_sums__of_money_of_orders_are_the_same_in_all_tables(shop_of_rows):
    sums = Sums(shop_of_rows.tables)
    [minor] = sums("hours", "minor")
    assert sum(sums("new-returning", "first_minor", "repeat_minor")) == minor
    assert sums("first-product", "first_minor", total=True) == sums("new-returning", "first_minor")


@pytest.mark.parametrize(
    "rows", [[], [row._replace(minor=-5) for row in random_rows(20, 5)]], ids=["none", "refunds"]
)
def test_tables__without_customers_have_their_columns_and_no_rows(rows, shop_of_rows, tmp_path):
    table = orders_table(rows)
    found = tables(scored(table, tmp_path), table)
    for name in CASES:
        assert found[name].num_rows == ALWAYS.get(name, 0), name
        assert found[name].schema.equals(shop_of_rows.tables[name].schema), name
    assert set(found["aipl"]["customers"].to_pylist()) == {0}


def test_tables__without_groups_have_no_rows(shop_of_rows, tmp_path):
    table = orders_table([row for row in random_rows(20, 5) if row.minor < 0])
    found = tables(scored(table, tmp_path, by="pieces"), table)
    for name in CASES:
        assert found[name].num_rows == 0, name
        names = ["pieces", *shop_of_rows.tables[name].column_names]
        assert found[name].column_names == names, name


def test_tables__of_groups_are_those_of_the_orders_of_each_group(tmp_path):
    """The groups begin on the same day, because a burn-in begins with the first order of all."""
    groups = (1, 2)
    rows = [row for row in random_rows(5000, 150, 4) if row.pieces in groups]
    start = min(row.time for row in rows if row.minor >= 0)
    rows += [Row(1, None, start, 3, "app", 9, group) for group in groups]
    table = orders_table(rows)
    found = tables(scored(table, tmp_path, by="pieces"), table)
    for group in groups:
        own = orders_table([row for row in rows if row.pieces == group])
        (tmp_path / f"{group}").mkdir()
        alone = tables(scored(own, tmp_path / f"{group}"), own)
        for name in CASES:
            whole = found[name]
            told = whole.filter(pc.equal(whole["pieces"], group)).drop_columns(["pieces"])
            assert told.schema.equals(alone[name].schema), name
            assert told.equals(alone[name]), name
            assert set(whole["pieces"].to_pylist()) == {*groups}, name
