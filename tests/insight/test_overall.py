"""With `overall`, tables and labels have rows of all groups together, with a null group."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import rfm_engine as rfm
from rfm_engine.insight.answers import answer
from rfm_engine.insight.tables import TABLES
from rfm_engine.result.table_origin import METADATA_KEY
from tests.insight.cases import labels_of
from tests.insight.frames import orders_table, random_rows, scored

OPTIONS = {"attribute": "source", "min_customers": 3, "min_pair": 1, "min_item": 1, "threads": 2}
BRIDGE = {"attribute": "product", "min_customers": 0}
BRIDGE |= {"since": "2025-02-01", "until": "2025-03-01", "threads": 2}


@pytest.fixture(scope="module")
def orders():
    return orders_table([row for row in random_rows(2000, 100, 6) if row.pieces is not None])


@pytest.fixture(scope="module")
def snapshots(orders, tmp_path_factory):
    """Snapshots with all groups together, only within groups, and without groups."""
    kinds = {"both": {"by": "pieces", "overall": True}, "within": {"by": "pieces"}, "alone": {}}
    folder = tmp_path_factory.mktemp("snapshots")
    return {
        name: scored(orders, (folder / name).mkdir() or folder / name, **options)
        for name, options in kinds.items()
    }


def split(table):
    """Return the rows within groups, and the others without their null group."""
    of_group = pc.is_valid(table["pieces"])
    return table.filter(of_group), table.filter(pc.invert(of_group)).drop_columns(["pieces"])


def test_tables__have_rows_of_all_groups_together(orders, snapshots):
    others = [name for name in TABLES if name != "bridge"]
    found = {
        name: answer(others, each, orders, OPTIONS) | answer(["bridge"], each, orders, BRIDGE)
        for name, each in snapshots.items()
    }
    for name in TABLES:
        within, overall = split(found["both"][name].table)
        assert within.equals(found["within"][name].table), name
        assert overall.equals(found["alone"][name].table), name
        assert len(overall), name
        about = json.loads(found["both"][name].table.schema.metadata[METADATA_KEY])["about"]
        assert about.pop("overall", {}) == found["alone"][name].about, name
        assert about == found["within"][name].about, name


def test_scripts__have_rows_of_all_groups_together(orders, snapshots, tmp_path):
    script = tmp_path / "own.sql"
    script.write_text(
        "select group_id, count(*) as n, any_value(segment) is null as none from customers\n"
        "join lines using (group_id, customer_id) group by group_id order by group_id\n"
    )
    tables = {
        name: rfm.insight.run(str(script), each, rows=orders) for name, each in snapshots.items()
    }
    within, overall = split(tables["both"])
    assert within.equals(tables["within"])
    assert overall.equals(tables["alone"])
    script.write_text("-- inputs: customers()\nselect count(*) as n from customers\n")
    assert rfm.insight.run(str(script), snapshots["both"]).equals(
        rfm.insight.run(str(script), snapshots["within"])
    )


def test_labels__are_also_of_all_groups_together(orders, snapshots):
    tables = {name: labels_of(each, orders) for name, each in snapshots.items()}
    within, overall = (rows_of(table) for table in split(tables["both"]))
    assert within == rows_of(tables["within"])
    assert overall == rows_of(tables["alone"])


def rows_of(table: pa.Table):
    return sorted(table.to_pylist(), key=lambda row: (row["customer_id"], row.get("pieces", 0)))
