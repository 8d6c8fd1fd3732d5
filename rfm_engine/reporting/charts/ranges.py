"""The values that belong to each score, in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rfm_engine.reporting.charts.painting import Document
from rfm_engine.reporting.language import NOTHING, Language


def score_ranges(document: Document, axis: str, language: Language) -> list[str]:
    """Return the values of each score, worst score first; empty without exact cut points.

    Between equal cut points, and at scores without cut points, there are no values.
    """
    found = document["distributions"][axis]
    cuts = found["cuts"]
    if not cuts or not found["cuts_are_exact"]:
        return []
    step = _step(document, axis)
    written = [_written(cut, axis, language) for cut in cuts]
    after = [_written(Decimal(cut) + step, axis, language) for cut in cuts]
    ranges = [language.text("range.up_to", to=written[0])]
    for place in range(1, len(cuts)):
        if Decimal(cuts[place]) == Decimal(cuts[place - 1]):
            ranges.append(NOTHING)
        elif after[place - 1] == written[place]:
            ranges.append(written[place])
        else:
            between = {"start": after[place - 1], "end": written[place]}
            ranges.append(language.text("range.between", **between))
    ranges.append(language.text("range.from", start=after[-1]))
    if axis == "recency":
        ranges.reverse()
    # A method that keeps only one of equal cut points leaves the best scores unused.
    return ranges + [NOTHING] * (len(found["scores"]) - len(ranges))


def _step(document: Document, axis: str) -> Decimal:
    """Return the difference between a value and the next one."""
    if axis != "monetary":
        return Decimal(1)
    return Decimal(1).scaleb(-document["distributions"][axis]["scale"])


def _written(value: Any, axis: str, language: Language) -> str:
    return language.money(Decimal(value)) if axis == "monetary" else language.number(int(value))
