"""The membership tiers of a history at a date and at the date of tiers before."""

from __future__ import annotations

from datetime import date

import pyarrow.parquet as pq

from rfm_engine.history.store import Store
from rfm_engine.movement.tier_events import TierPair

FILE = "tiers.parquet"
_FOLDER = "tiers"


def tier_pairs(store: Store, day: date) -> list[TierPair]:
    """Return the tables of each program of tiers that has one for a date and one for a date before.

    Tables of a snapshot that has been replaced since are not used.
    """
    found = []
    at = f"as_of={day}"
    for unit in store.all_units():
        folder, _, last = unit.rpartition("/")
        if last != at or not folder.startswith(f"{_FOLDER}/"):
            continue
        about = store.summary(unit)
        earlier = f"{folder}/as_of={about['previous']}"
        is_current = about["snapshot"] == store.summary(at)["content_digest"]
        if is_current and earlier in store.units(folder):
            tables = (
                pq.read_table(store.place(each) / FILE, partitioning=None)
                for each in (earlier, unit)
            )
            found.append(TierPair(*tables))
    return found
