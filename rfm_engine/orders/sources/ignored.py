"""Which files and folders inside a directory are not orders."""

from __future__ import annotations

CONFIG_NAME = "rfm.toml"
"""The file of options that the command line reads; users keep it next to their orders."""


def is_ignored(name: str) -> bool:
    """Return whether a name inside a directory is skipped."""
    return name.startswith(("_", ".")) or name == CONFIG_NAME
