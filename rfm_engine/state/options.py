"""The reading options that a state sets for good."""

from __future__ import annotations

from typing import Any

from rfm_engine.options.declaration import defaults
from rfm_engine.options.groups import StateOptions

DEFAULTS: dict[str, Any] = {
    name: list(value) if isinstance(value, tuple) else value
    for name, value in defaults(StateOptions).items()
}
"""The reading options that a state sets for good.

A manifest without one of them was written before the option existed, and means its default.
"""
