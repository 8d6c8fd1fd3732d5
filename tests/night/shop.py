"""A small shop that writes a file of orders every night."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FIRST = date(2026, 1, 31)
"""The date of the first night."""
# Without reports, because drawing one takes longer than all other steps.
RUN = """
window = "60d"
threads = 1
[state]
history = "rolling:60d"
[run]
inputs = ["incoming/*.parquet"]
state = "state"
history = "history"
out = "out"
report = false
"""
TIERS = """
name = "plus"
window = "60d"
measure = "monetary"
valid_months = 1
[[tiers]]
name = "basic"
threshold = 0
[[tiers]]
name = "gold"
threshold = 40
"""
# Without a holdout, because it depends on the secret key of a history.
FLOWS = """
[[flow]]
name = "overdue-mail"
title = "A mail to those who are overdue"
trigger = "event:overdue"
cooldown = "5d"
priority = 20
channel = "email"
holdout_bp = 0
window_days = 5
treatment = { kind = "content" }
[[flow]]
name = "one-order"
title = "Free shipping for those who ordered once"
trigger = "state"
where = ["frequency == 1", "recency_days >= 2"]
cooldown = "7d"
priority = 30
channel = "email"
holdout_bp = 0
window_days = 5
treatment = { kind = "free shipping" }
"""


def make(folder: Path, config: str = RUN) -> Path:
    """Make the folder of a shop with its config file and no orders; return the config file."""
    (folder / "incoming").mkdir(parents=True)
    (folder / "plus.toml").write_text(TIERS)
    (folder / "flows.toml").write_text(FLOWS)
    contacts = [f"{who},c{who}@example.com,yes,yes\n" for who in range(40)]
    heads = "customer_id,email,consent_email,consent_ads\n"
    (folder / "contacts.csv").write_text(heads + "".join(contacts))
    file = folder / "rfm.toml"
    file.write_text(config)
    return file


def orders_of(night: int) -> list[tuple[int, date, int]]:
    """Return the orders that arrive in a night; the first file has those of two months."""
    random = Random(night)
    day = FIRST + timedelta(night)
    if night:
        some = random.sample(range(40), random.randrange(1, 8))
        return [(who, day, random.randrange(1, 30)) for who in some]
    return [
        (random.randrange(30), day - timedelta(random.randrange(60) if n else 0), 1 + n % 20)
        for n in range(80)
    ]


def deliver(folder: Path, night: int) -> None:
    """Write the file of a night to the folder of a shop."""
    write_orders(folder / "incoming" / f"{FIRST + timedelta(night)}.parquet", orders_of(night))


def write_orders(place: Path, rows: list[tuple[int, date, int]]) -> None:
    table = pa.table(
        {
            "customer_id": pa.array([who for who, _, _ in rows], pa.int64()),
            "order_time": pa.array([datetime(day.year, day.month, day.day) for _, day, _ in rows]),
            "amount": pa.array([amount for _, _, amount in rows], pa.int64()),
        }
    )
    pq.write_table(table, place)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all files below a folder, by path."""
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def contents(folder: Path) -> dict[str, Any]:
    """Return what a shop has after its nights: files, and the totals of its state."""
    import rfm_engine as rfm

    with rfm.State.open(folder / "state") as state:
        totals = state.totals(window="60d").finish().sort_by("customer_id").to_pylist()
        rows = state.summary()["rows"]
    history = {
        name: _without_measures(data) if name.endswith("summary.json") else data
        for name, data in files_in(folder / "history").items()
        if name != "split.key"
    }
    return {"history": history, "out": files_in(folder / "out"), "totals": totals, "rows": rows}


def _without_measures(summary: bytes) -> dict[str, Any]:
    """Return a summary without what differs between two runs of the same orders."""
    found = json.loads(summary)
    found.get("options", {}).pop("memory_limit", None)
    return {name: each for name, each in found.items() if name not in ("seconds", "digest")}
