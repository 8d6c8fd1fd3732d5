"""Find what is wrong with a label, or probably wrong: its metric and its treatments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from rfm_engine.errors import did_you_mean
from rfm_engine.insight.label_files import FAVOURITES, METRICS, MIXED, UNKNOWN, Label
from rfm_engine.segments.fact_columns import FACT_FIELDS
from rfm_engine.segments.linter import Finding

# Columns of snapshots that are numbers. Attributes have any name.
_NUMBERS = {
    "recency_days", "frequency", "monetary", "r_score", "f_score", "m_score", "rfm_value",
    "x", "t_x", "T", "zbar", *(each.name for each in FACT_FIELDS if pa.types.is_integer(each.type)),
}  # fmt: skip
_OTHERS = {"first_order", "last_order", "rfm_score", "segment", *(f.name for f in FACT_FIELDS)}
_FIXED = {
    "daypart": ("night", "morning", "afternoon", "evening", MIXED),
    "weekend": ("weekday", "weekend", MIXED),
}


def findings(label: Label, segments: Sequence[str] | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a label, and as notes what its file alone cannot tell.

    `segments` are those of a scheme; with them, segments without a treatment are noted.
    """
    yield from _of_metric(label)
    for key in label.treatments:
        yield from _of_treatment(key, label, segments)
    if segments is not None and label.treatments:
        for segment in segments:
            if segment not in label.treatments:
                yield Finding(f"segment {segment!r} has no treatment")


def _of_metric(label: Label) -> Iterator[Finding]:
    metric = label.metric
    if not label.is_of_customers or metric in _NUMBERS:
        return
    what = f"metric {metric!r} is none of {', '.join(METRICS)}"
    near = did_you_mean(metric, METRICS)
    if metric in _OTHERS:
        yield Finding(f"{what}, and the column {metric!r} does not have numbers", error=True)
    elif near:
        yield Finding(f"{what}. {near}", error=True)
    else:
        yield Finding(f"{what}, so the snapshot must have a column of numbers with this name")


def _of_treatment(key: str, label: Label, segments: Sequence[str] | None) -> Iterator[Finding]:
    segment, level_of = _parts(key, label, segments)
    if segments is not None and segment not in segments:
        text = f"treatment {key!r} is for a segment that the scheme does not have"
        yield Finding(text, error=True)
    if level_of is None:
        return
    name, is_level, level = level_of.partition("=")
    known = _levels_of(label)
    if not is_level:
        text = f"treatment {key!r} must be for SEGMENT or SEGMENT/LABEL=LEVEL"
        yield Finding(text, error=True)
    elif name == label.name:
        if known and level not in known:
            text = f"treatment {key!r} is for a level that the label does not have"
            yield Finding(text, error=True)
    elif near := did_you_mean(name, [label.name]):
        yield Finding(f"treatment {key!r} is for another label, {name!r}. {near}", error=True)
    else:
        yield Finding(f"treatment {key!r} is for customers with the label {name!r} too")


def _parts(key: str, label: Label, segments: Sequence[str] | None) -> tuple[str, str | None]:
    """Return the segment of a treatment, and the rest of its key; names may contain slashes."""
    own = f"/{label.name}="
    if own in key:
        segment, _, level = key.rpartition(own)
        return segment, f"{label.name}={level}"
    for segment in sorted(segments or (), key=len, reverse=True):
        if key == segment:
            return key, None
        if key.startswith(f"{segment}/"):
            return segment, key[len(segment) + 1 :]
    segment, is_longer, rest = key.partition("/")
    return segment, rest if is_longer else None


def _levels_of(label: Label) -> tuple[str, ...]:
    """Return the levels that customers can have; none if they are values of the orders."""
    if label.metric in FAVOURITES:
        return _FIXED.get(label.metric, ())
    return (*label.levels, UNKNOWN)
