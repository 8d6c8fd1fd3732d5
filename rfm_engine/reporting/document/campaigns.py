"""Campaigns in the report document: what they brought, compared with customers held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from rfm_engine.activation.campaign.report_table import ALL
from rfm_engine.reporting.document.money import money_text
from rfm_engine.reporting.document.plain_table import plain_value
from rfm_engine.reporting.document.table_files import TableFile

Row = Mapping[str, Any]
_CLEAR = 0.05
_COUNTS = (
    "targeted", "held_out", "responders", "buyers", "buyers_held_out", "orders",
    "orders_held_out",
)  # fmt: skip
_MONEY = ("spend", "spend_held_out", "cost")
_RATES = (
    "conversion", "conversion_low", "conversion_high", "conversion_held_out",
    "conversion_held_out_low", "conversion_held_out_high", "conversion_uplift",
    "conversion_uplift_low", "conversion_uplift_high", "roi_incremental", "roi_incremental_low",
    "roi_incremental_high",
)  # fmt: skip
# Estimates in major units, which are floats.
_ESTIMATES = tuple(
    f"{name}{end}"
    for name in ("incremental_spend", "incremental_margin", "did")
    for end in ("", "_low", "_high")
)


def campaigns_in(file: TableFile) -> Iterator[dict[str, Any]]:
    """Yield the campaigns of a table of `rfm campaign report`, within groups if it has some.

    Each has its dates and design from the metadata, and a line per segment and one for all. A line
    is `clear` if the p of its conversion, which allows for the number of segments, is at most 5%;
    null without held out customers. `did` is the difference in differences of spend per customer,
    in place of an uplift if no customer was held out. `small` lines have fewer than 30 customers.
    """
    by = file.by
    rows = file.table.to_pylist()
    keys = ("campaign",) if by is None else ("campaign", by)
    several = [list(own) for _, own in groupby(rows, lambda row: [row[key] for key in keys])]
    for about, own in zip(file.origin["about"]["campaigns"], several, strict=True):
        lines = {row["segment"]: _line(row, file.snapshot.scale) for row in own}
        whole = lines.pop(ALL)
        yield {
            "campaign": about["campaign"],
            "group": None if by is None else plain_value(own[0][by]),
            **{key: about[key] for key in ("from", "to", "design", "caveat")},
            "segments": list(lines.values()),
            "all": whole,
        }


def _line(row: Row, scale: int) -> dict[str, Any]:
    p = row["conversion_p" if row["segment"] == ALL else "conversion_p_holm"]
    return {
        "segment": row["segment"],
        **{name: row[name] for name in _COUNTS},
        **{name: money_text(row[name], scale) for name in _MONEY},
        **{name: row[name] for name in _RATES},
        **{name: _estimate(row[name], scale) for name in _ESTIMATES},
        "clear": None if p is None else p <= _CLEAR,
        "small": row["is_small"],
    }


def _estimate(amount: float | None, scale: int) -> str | None:
    return None if amount is None else f"{amount:.{scale}f}"
