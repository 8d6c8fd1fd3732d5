"""`score` stores the options of attribute columns and does not read these columns."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import rfm_engine as rfm
from rfm_cli.main import app
from rfm_engine.output import write
from tests.compare import digest
from tests.shapes import AS_OF, random_orders

NAMES = {
    "units": "pieces", "discount": ("off", "card"), "list": "listed", "cost": "bought",
    "product": "sku", "category": "kind",
}  # fmt: skip


def orders(n=300):
    # Columns that could not be read if they were read.
    table = random_orders(n, 20)
    for name in ("pieces", "off", "card", "listed", "bought", "sku", "kind"):
        table = table.append_column(name, pa.array(["?"] * n))
    return table


ORDERS = orders()
FORMS = {
    "table": lambda table, _: table,
    "batches": lambda table, _: table.to_batches(100),
    "one batch": lambda table, _: table.to_batches()[0],
    "iterator": lambda table, _: iter(table.to_batches(100)),
    "iterator of tables": lambda table, _: iter([table, table.slice(0, 0)]),
    "reader": lambda table, _: table.to_reader(),
    "dataset": lambda table, _: pa.dataset.dataset(table),
    "polars": lambda table, _: pl.from_arrow(table),
    "lazy": lambda table, _: pl.from_arrow(table).lazy(),
    "pandas": lambda table, _: table.to_pandas(),
    "duckdb": lambda table, _: duckdb.from_arrow(table),
    "parquet": lambda table, place: put(table, place / "o.parquet"),
    "arrow": lambda table, place: put(table, place / "o.arrow"),
    "csv": lambda table, place: put(table, place / "o.csv"),
}


def put(table, place):
    write(table.to_batches(), table.schema, place)
    return place


@pytest.mark.parametrize("form", FORMS)
def test_score__checks_only_that_the_columns_exist(tmp_path, form):
    plain = rfm.score(FORMS[form](ORDERS, tmp_path), as_of=AS_OF)
    result = rfm.score(FORMS[form](ORDERS, tmp_path), as_of=AS_OF, **NAMES)
    assert digest(result.customers) == digest(plain.customers)
    assert result.rows == plain.rows
    for role, columns in NAMES.items():
        lacking = ORDERS.drop_columns([columns] if isinstance(columns, str) else columns[1:])
        given = FORMS[form](lacking, tmp_path)
        with pytest.raises(rfm.UsageError, match=f"{role}.* column .* must exist in"):
            rfm.score(given, as_of=AS_OF, **NAMES)


def test_score__stores_the_options_in_the_output_and_the_summary(tmp_path):
    result = rfm.score(ORDERS, as_of=AS_OF, output=tmp_path / "c.parquet", **NAMES)
    snapshot = rfm.read_snapshot(tmp_path / "c.parquet")
    for found in (result.options, snapshot.options, result.summary()["options"]):
        assert {name: found[name] for name in NAMES} == NAMES
    assert rfm.score(ORDERS, as_of=AS_OF).options["discount"] == ()


def test_score__of_a_state_refuses_them_and_ignores_those_of_a_config(tmp_path):
    state = rfm.State.create(tmp_path / "state")
    state.ingest(ORDERS, batch_id="1")
    with pytest.raises(rfm.UsageError, match="discount must be used with orders; got it with a st"):
        rfm.score(state, as_of=AS_OF, discount="off")
    with pytest.raises(TypeError, match="unexpected keyword argument 'units'"):
        rfm.State.create(tmp_path / "other", units="pieces")
    totals = rfm.CustomerTotals(as_of=AS_OF)
    totals.update(ORDERS)
    with pytest.raises(rfm.UsageError, match="totals must be scored as they were built; got cost"):
        rfm.score(totals, cost="bought")


def test_commands__share_the_options_in_a_config_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pq.write_table(random_orders(50, 5).append_column("n", pa.array([1] * 50)), "o.parquet")
    config = 'units = "n"\nproduct = "n"\ndiscount = ["amount"]\n'
    (tmp_path / "rfm.toml").write_text(config)
    for words in (
        "score o.parquet -o c.parquet", "explain o.parquet --id 1", "state create s",
        "ingest s o.parquet", "score s -o d.parquet", "normalize o.parquet -o rows.parquet",
    ):  # fmt: skip
        run = CliRunner().invoke(app, words.split())
        assert run.exit_code == 0, run.output
    assert rfm.read_snapshot("c.parquet").options["discount"] == ("amount",)
    assert rfm.read_snapshot("d.parquet").options["discount"] == ()
    names = pq.read_schema("rows.parquet").names
    assert names == ["customer_id", "moment", "local", "day", "minor", "units", "disc_minor", "n"]
    (tmp_path / "rfm.toml").write_text('list = "lost"\n')
    run = CliRunner().invoke(app, ["score", "o.parquet"])
    assert run.exit_code == 2
    assert "list price column 'lost' must exist in o.parquet" in run.stderr
