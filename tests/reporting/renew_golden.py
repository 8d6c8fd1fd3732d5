"""Write the document and the charts that tests compare with: python -m tests.reporting.renew_golden

The charts are those of the document that is there; the word `document` also writes it again.
"""

from __future__ import annotations

import argparse
import json
import random
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

import rfm_engine as rfm
from rfm_engine.reporting.report import Report
from tests.reporting.validations import write_validation
from tests.shapes import random_orders

FOLDER = Path(__file__).parent / "golden"
DOCUMENT = FOLDER / "document.json"
DATES = [f"2024-{month}-01" for month in ("07", "08", "09", "10", "11", "12")]
CAMPAIGN = date(2024, 11, 5)
SOURCES = ["search", "mail", "friend", "other", None]


def orders() -> pa.Table:
    """Return orders of two years, half of them after the last date, each with a source."""
    dice = random.Random(1)
    table = random_orders(2_400, 250, 8)
    weights = [(6, 3, 2, 1, 1) if each % 3 else (1, 3, 4, 1, 1) for each in
               table["customer_id"].to_pylist()]  # fmt: skip
    sources = [dice.choices(SOURCES, each)[0] for each in weights]
    return table.append_column("source", pa.array(sources))


def document(folder: Path) -> str:
    """Return a report document with all sections but the list of groups."""
    rows = orders()
    history = rfm.History.create(folder / "history")
    history.build(rows, as_of=DATES)
    before, after = history.snapshot(DATES[-2]), history.snapshot(DATES[-1])
    tables = folder / "tables"
    tables.mkdir()
    options = {"attribute": "source", "min_customers": 5}
    for name in ("affinity", "deciles", "repeat"):
        found = rfm.insight.run(name, after, rows=rows, **(options if name == "affinity" else {}))
        pq.write_table(found, tables / f"{name}.parquet")
    write_validation(tables, date.fromisoformat(DATES[-1]))
    ids = before.customers["customer_id"].to_pylist()
    pq.write_table(pa.table({
        "customer_id": pa.array(ids, pa.int64()), "campaign": ["autumn"] * len(ids),
        "arm": ["holdout" if place % 5 == 0 else "treated" for place in range(len(ids))],
        "contacted_on": [CAMPAIGN] * len(ids), "cost_minor": [0] * len(ids),
    }), folder / "assigned.parquet")  # fmt: skip
    campaign = rfm.campaign.report(
        before, assigned=folder / "assigned.parquet", rows=rows, attribution_days=21, margin="40%"
    )
    pq.write_table(campaign.table, tables / "campaign.parquet")
    return rfm.report(
        history, rows=rows, insight=tables, title="Shop of tests", currency_sign="$"
    ).json()


def renew(*, with_document: bool) -> None:
    """Write the files."""
    if with_document:
        with TemporaryDirectory() as folder:
            DOCUMENT.write_text(document(Path(folder)), "utf-8")
    for place in FOLDER.glob("*.svg"):
        place.unlink()
    for name, chart in Report(json.loads(DOCUMENT.read_text("utf-8"))).charts.items():
        (FOLDER / f"{name}.svg").write_text(chart.svg, "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["document"], help="also write the document")
    renew(with_document=parser.parse_args().what == "document")
