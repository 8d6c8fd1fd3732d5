"""The SQL that `rfm insight show` prints gives the rows of the table on the user's files."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.insight.answers import asked_of, checked_options, parameters_of
from rfm_engine.insight.lists import list_relations
from rfm_engine.insight.printing import printed_sql
from rfm_engine.insight.tables import TABLES
from rfm_engine.normalize import write_normalized
from rfm_engine.query.session import Choices, Machine, Session
from rfm_engine.simulate import simulate

OPTIONS = {"min_item": 1, "min_pair": 1, "age": None}
SHAPES = {
    "lines": {"order": "order_id"},
    "rows": {},
    "groups": {"order": "order_id", "by": "seller_id"},
    "net": {"order": "order_id", "refunds": "net-order"},
}


@pytest.fixture(scope="module", params=SHAPES)
def files(request, tmp_path_factory):
    """Score simulated orders; return the snapshot and the folder of their rows."""
    folder = tmp_path_factory.mktemp("printed")
    orders = pa.table(simulate(customers=60, orders=400, lines=True))
    options = {"as_of": "2025-12-31", **SHAPES[request.param]}
    facts = request.param == "lines"
    rfm.score(orders, output=folder / "customers.parquet", facts=facts, **options)
    write_normalized(orders, folder / "rows", buckets=3, carry=["channel", "product_id"], **options)
    return rfm.read_snapshot(folder / "customers.parquet"), folder / "rows"


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"lifecycle"}))
def test_printed_sql__gives_the_rows_of_the_table(name, files):
    snapshot, rows = files
    known = TABLES[name].options
    explicit = {key: OPTIONS[key] for key in OPTIONS if key in known}
    attribute = "product_id" if name == "pairs" else "channel"
    explicit |= {"attribute": attribute} if "attribute" in known else {}
    checked = checked_options(explicit)
    asked = asked_of(name, snapshot, checked)
    with Session(snapshot, rows, Machine(2, None, None), Choices((), checked["split"])) as session:
        session.prepare([asked.query], list_relations(snapshot, checked))
        expected = session.run(asked.query, parameters_of(snapshot, checked))
    text = printed_sql(name, explicit, snapshot, [str(rows)])
    with duckdb.connect() as opened:
        *views, query = duckdb.extract_statements(text)
        for view in views:
            opened.execute(view)
        found = opened.sql(query.query).to_arrow_table()
    is_alone = snapshot.options["order"] is None  # then no order has two products
    assert found.num_rows > 0 or (is_alone and name == "pairs")
    if snapshot.options["by"] is None:
        assert found.to_pylist() == expected.to_pylist()
        return
    # The printed views have the group itself, the prepared relations its number.
    groups = session.customers.groups
    named = expected.set_column(0, "group_id", groups.take(expected["group_id"].combine_chunks()))
    columns = [column for column in found.column_names if column != "split"]
    assert sorted(map(str, found.select(columns).to_pylist())) == sorted(
        map(str, named.select(columns).to_pylist())
    )
