"""Columns of the customers may have any name, also that of a column that is computed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.insight.answers import answer
from tests.conftest import COMPILED, DEEP
from tests.insight.frames import AS_OF, orders_table, random_rows

pytestmark = pytest.mark.skipif(not COMPILED, reason="the same SQL without compiling")

# Columns of the relation `customers`, of tables, of the result in another case, and facts.
NAMES = ["minor", "Last_Day", "chosen", "Segment"]
MORE = [
    "group_id", "total",
    "customer_id", "first_day", "split", "who", "who are chosen", "orders", "customers",
    "share_minor", "whales", "mean_minor", "is_whale", "Is_Whale", "net", "a.b", "0",
]  # fmt: skip
GROUPS = ["total", "group_id", "order_number", "first_day"]
MORE_GROUPS = ["prev_day", "orders_after", "customer_id 2", "Minor", "attribute", "value"]
WHO = ' == "yes"'


@pytest.fixture(scope="module")
def orders():
    rows = random_rows(1000, 80, 6)
    table = orders_table([row for row in rows if row.pieces is not None and row.source])
    return table.set_column(0, "shopper", table["customer_id"])


def with_attribute(orders, name, folder):
    """Return a snapshot of orders with an attribute of this name."""
    ids = pc.unique(orders["shopper"])
    words = pa.array(["yes" if i % 3 else "no" for i in range(len(ids))])
    place = folder / "attributes.parquet"
    pq.write_table(pa.table({"shopper": ids, name: words}), place)
    return scored(orders, folder, attributes=place)


def scored(orders, folder, **options):
    options = {"order": "order_id", "customer": "shopper", **options}
    rfm.score(orders, as_of=AS_OF, output=folder / "customers.parquet", **options)
    return rfm.read_snapshot(folder / "customers.parquet")


def tables_of(snapshot, orders, name):
    """Return tables that choose and split customers by an attribute."""
    who = [name + WHO, 'last_day > "2000-01-01"']
    options = {"attribute": "source", "min_customers": 0, "split": [name, "segment"], "threads": 2}
    found = answer(["affinity", "stats"], snapshot, orders, options | {"who": who})
    found |= answer(["deciles"], snapshot, orders, {"threads": 2})
    return {name: each.table for name, each in found.items()}


@pytest.fixture(scope="module")
def expected(orders, tmp_path_factory):
    snapshot = with_attribute(orders, "word", tmp_path_factory.mktemp("plain"))
    return tables_of(snapshot, orders, "word")


@pytest.mark.parametrize("name", [*NAMES, *MORE] if DEEP else NAMES)
def test_attribute_of_customers__may_have_any_name(name, orders, expected, tmp_path):
    snapshot = with_attribute(orders, name, tmp_path)
    found = tables_of(snapshot, orders, name)
    assert len(expected["affinity"]) == 4
    for table in ("affinity", "deciles"):
        assert found[table].equals(expected[table]), table
    stats = found["stats"]
    split = stats.column_names[1]
    assert split in (name, f"split_{name}")
    assert len({column.lower() for column in stats.column_names}) == len(stats.column_names)
    names = ["word" if column == split else column for column in stats.column_names]
    names[2] = "segment"
    assert stats.rename_columns(names).equals(expected["stats"])


def test_labels__of_an_attribute_read_the_column_of_the_user(orders, tmp_path):
    ids = pc.unique(orders["shopper"])
    place = tmp_path / "attributes.parquet"
    pq.write_table(pa.table({"shopper": ids, "minor": pa.array(range(len(ids)))}), place)
    snapshot = scored(orders, tmp_path, attributes=place)
    label = tmp_path / "own.toml"
    label.write_text(
        'name = "own"\ntitle = "t"\nmetric = "minor"\nthresholds = [9]\nlevels = ["few", "many"]\n'
    )
    table = rfm.label(snapshot, rows=orders, labels=[str(label)])
    assert {(n > 9, level) for n, level in zip(
        table["minor"].to_pylist(), table["own_label"].to_pylist(), strict=True
    )} == {(False, "few"), (True, "many")}  # fmt: skip


def tables_by(name, orders, folder):
    """Return tables by groups in a column of this name."""
    own = orders.rename_columns(
        [name if each == "pieces" else each for each in orders.column_names]
    )
    snapshot = scored(own, folder, by=name, overall=True)
    options = {"attribute": "source", "min_customers": 0, "threads": 2}
    return answer(["gaps", "stats", "affinity", "cohort"], snapshot, own, options)


@pytest.fixture(scope="module")
def of_pieces(orders, tmp_path_factory):
    return tables_by("pieces", orders, tmp_path_factory.mktemp("pieces"))


@pytest.mark.parametrize("name", [*GROUPS, *MORE_GROUPS] if DEEP else GROUPS)
def test_groups__may_have_any_name(name, orders, of_pieces, tmp_path):
    for table, each in tables_by(name, orders, tmp_path).items():
        names = each.table.column_names
        assert names[0] in (name, f"by_{name}")
        assert len({column.lower() for column in names}) == len(names)
        renamed = each.table.rename_columns(["pieces", *names[1:]])
        assert renamed.equals(of_pieces[table].table), table
        assert each.copied[0] == names[0]


@pytest.fixture(scope="module")
def of_shoppers(orders, tmp_path_factory):
    snapshot = scored(orders, tmp_path_factory.mktemp("shoppers"))
    return answer(["deciles", "gaps", "stats"], snapshot, orders, {"threads": 2})


@pytest.mark.parametrize("name", ["group_id", "minor", "first_day", "Segment"])
def test_customer_column__may_have_any_name(name, orders, of_shoppers, tmp_path):
    own = orders.rename_columns([name, *orders.column_names[1:]])
    snapshot = scored(own, tmp_path, customer=name)
    found = answer(["deciles", "gaps", "stats"], snapshot, own, {"threads": 2})
    for table, each in found.items():
        assert each.table.equals(of_shoppers[table].table), table


def test_groups__with_all_groups_together_cannot_be_chosen_by(orders, tmp_path):
    snapshot = scored(orders, tmp_path, by="source", overall=True)
    with pytest.raises(UsageError, match="split must not name the groups of a snapshot"):
        answer(["stats"], snapshot, orders, {"split": "source"})
    with pytest.raises(UsageError, match="who must not name the groups of a snapshot"):
        answer(["affinity"], snapshot, orders, {"attribute": "source", "who": 'source == "app"'})
