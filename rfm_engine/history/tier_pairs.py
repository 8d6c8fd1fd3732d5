"""The membership tiers of a history at a date and at the date of tiers before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow.parquet as pq

from rfm_engine.history.store import Store, unit_of
from rfm_engine.movement.event_types import TierPair, TierPairs
from rfm_engine.movement.tiers import METADATA_KEY

FILE = "tiers.parquet"
DIGEST_OF = {"as_of": "snapshot", "before": "snapshot_before"}
"""The key of the digest of a snapshot in the summary of tiers, by the key of its date."""
_FOLDER = "tiers"


def tier_pairs(store: Store, day: date) -> TierPairs:
    """Return the tables of each program that has one for a date and one for a date before."""
    found = []
    for folder in _programs(store):
        unit = unit_of(day, folder)
        units = store.units(folder)
        if unit not in units:
            continue
        if not _are_current(store, folder, unit):
            return TierPairs([], are_old=True)
        earlier = unit_of(store.summary(unit)["previous"], folder)
        if earlier in units:
            tables = (
                pq.read_table(store.place(each) / FILE, partitioning=None)
                for each in (earlier, unit)
            )
            found.append(TierPair(*tables))
    return TierPairs(found, are_old=False)


def names_of_programs(store: Store) -> dict[str, list[str]]:
    """Return the names of the tiers of each program, by the name of the program."""
    found = {}
    for folder in _programs(store):
        unit = store.units(folder)[-1]
        about = json.loads(pq.read_schema(store.place(unit) / FILE).metadata[METADATA_KEY])
        found[folder.removeprefix(f"{_FOLDER}/")] = list(about["names"])
    return found


def _programs(store: Store) -> list[str]:
    """Return the folders of programs, sorted."""
    folders = {unit.rpartition("/")[0] for unit in store.all_units()}
    return sorted(folder for folder in folders if folder.startswith(f"{_FOLDER}/"))


def _are_current(store: Store, folder: str, unit: str) -> bool:
    """Return whether the snapshots of all dates of a chain are those that it was computed from."""
    units = {*store.units(folder)}
    while unit in units:
        about = store.summary(unit)
        if not (_is_current(store, about, "as_of") and _is_current(store, about, "before")):
            return False
        unit = unit_of(about["previous"], folder)
    return True


def _is_current(store: Store, about: Mapping[str, Any], key: str) -> bool:
    day = about[key]
    if day is None:
        return True
    unit = unit_of(day)
    known = store.units()
    return unit in known and store.summary(unit)["content_digest"] == about[DIGEST_OF[key]]
