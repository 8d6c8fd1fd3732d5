"""A report with all sections, from simulated orders: for the gallery and the report document."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import rfm_engine as rfm
from rfm_engine.output import write
from rfm_engine.simulate import simulate
from tests.reporting.validations import write_validation

DATES = "month-ends:2025-01..2025-12"
TABLES = "deciles", "stats"


def example_report(folder: Path) -> rfm.Report:
    """Return a report of a history with orders and tables; files are written to a folder."""
    orders, history = folder / "orders.parquet", folder / "history"
    lines = simulate(customers=1000, orders=5000, lines=True)
    write(lines, lines.schema, orders)
    months = rfm.History.create(history, order="order_id")
    months.build(orders, as_of=DATES)
    tables = folder / "tables"
    tables.mkdir()
    _write_tables(months, orders, tables)
    return rfm.report(
        history, rows=orders, insight=tables, title="A simulated shop", currency_sign="$"
    )


def grouped_reports(folder: Path) -> list[rfm.Report]:
    """Return a report of groups, of which two are listed, and the report of the first group."""
    lines = simulate(customers=200, orders=600, lines=True)
    orders = folder / "grouped.parquet"
    write(lines, lines.schema, orders)
    result = rfm.score(orders, as_of="newest", order="order_id", by="channel", overall=True)
    return [rfm.report(result, top=2), next(iter(rfm.group_reports(result, top=1)))]


def _write_tables(history: rfm.History, orders: Path, folder: Path) -> None:
    newest = history.snapshot(history.dates[-1])
    affinity = rfm.insight.run("affinity", newest, rows=orders, attribute="channel")
    pq.write_table(affinity, folder / "affinity.parquet")
    for name in TABLES:
        pq.write_table(rfm.insight.run(name, newest, rows=orders), folder / f"{name}.parquet")
    assert newest.as_of is not None
    write_validation(folder, newest.as_of, customers=1000)
    pq.write_table(_campaign(history, orders, folder), folder / "campaign.parquet")


def _campaign(history: rfm.History, orders: Path, folder: Path) -> pa.Table:
    key, assigned = folder / "split.key", folder / "winter.arms.parquet"
    key.write_text("a long secret that only this shop knows\n")
    key.chmod(0o600)
    before = history.snapshot(history.dates[-2])
    arms = rfm.campaign.split(
        before, who="recency_days <= 365", campaign="winter", holdout="20%", key_file=key
    )
    pq.write_table(arms, assigned)
    found = rfm.campaign.report(
        before, assigned=assigned, rows=orders, attribution_days=30, margin="25%"
    )
    assigned.unlink()
    return found.table
