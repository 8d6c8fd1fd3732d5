"""The key of an event, for flows that a customer enters once for each key."""

from __future__ import annotations

import pyarrow as pa

KEYED_TYPES = (
    "anniversary", "birthday_soon", "entered_segment", "nth_order", "tier_down", "tier_grace",
    "tier_up",
)  # fmt: skip
"""Types of events that have a key."""
_NUMBERS = ("anniversary", "nth_order")
_NAMES = ("entered_segment", "tier_down", "tier_up")


def keys_of(events: pa.Table, kind: str) -> pa.Array:
    """Return the key of each event of a type; null for types without one.

    It is the year of an anniversary or a birthday, the number of an order, or the name of a segment
    or tier. A grace period is named by its tier and the day it began.
    """
    import pyarrow.compute as pc

    if kind in _NUMBERS:
        return events["value"].cast(pa.decimal128(38, 0)).cast(pa.string())
    if kind in _NAMES:
        return events["to"]
    if kind == "birthday_soon":
        return pc.utf8_slice_codeunits(events["to"], 0, 4)
    if kind == "tier_grace":
        day = events["happened_on"].cast(pa.string())
        return pc.binary_join_element_wise(events["to"], day, " ")
    return pa.chunked_array([pa.nulls(len(events), pa.string())])
