"""The summary of a state, for people and programs."""

from __future__ import annotations

from typing import Any

from rfm_engine.orders.reading import day_date
from rfm_engine.state.manifest import Manifest
from rfm_engine.state.options import DEFAULTS


def summary_of(manifest: Manifest) -> dict[str, Any]:
    """Return what `State.summary` documents."""
    newest = manifest.newest
    account = newest.whole_account
    set_options = {
        name: value for name, value in manifest.options.items() if value not in (DEFAULTS[name], [])
    }
    return {
        "generation": newest.number,
        "history": manifest.history,
        "keep_batches": manifest.keep_batches,
        "keep": manifest.keep,
        "options": set_options,
        "newest_day": _date(newest.last_day),
        "first_day": _date(newest.first_day),
        "rows": {
            "read": account.read,
            "counted": account.counted,
            "dropped": account.dropped,
            "too_late": account.too_late,
        },
        "batches_ingested": newest.ledger.n_batches,
        "batches": [
            {
                "id": batch.id,
                "rows": batch.account.counted,
                "newest_day": _date(batch.newest_day),
                "can_be_replaced": batch.can_be_replaced,
            }
            for batch in newest.batches
        ],
        "generations": [each.number for each in manifest.generations],
        "files": len(newest.files),
        "bytes": sum(file.n_bytes for file in newest.files),
    }


def _date(day: int | None) -> str | None:
    return None if day is None else day_date(day).isoformat()
