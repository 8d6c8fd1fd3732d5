"""The reading options of a state, which are fixed when it is created."""

from __future__ import annotations

from typing import Any

from rfm_engine.options.declaration import defaults
from rfm_engine.options.groups import StateOptions

DEFAULTS: dict[str, Any] = {
    name: list(value) if isinstance(value, tuple) else value
    for name, value in defaults(StateOptions).items()
}
"""The reading options of a state and their defaults.

If a manifest does not contain one of them, it was written before the option existed. The option
then has its default.
"""
