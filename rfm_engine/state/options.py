"""The reading options that a state sets for good."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rfm_engine.orders.reading import Reading

# What is asked when a state is scored, and not when it is made.
_ASKED = ("as_of", "window", "clv", "clv_unit")
DEFAULTS: dict[str, Any] = {
    field.name: field.default
    for field in fields(Reading)
    if field.init and field.name not in _ASKED
}
"""The reading options that a state sets for good.

A manifest without one of them was written before the option existed, and means its default.
"""
