"""The labels that come with the library, as TOML."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def shipped_labels() -> tuple[str, ...]:
    """Return the names of the labels that come with the library."""
    names = (entry.name for entry in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))
