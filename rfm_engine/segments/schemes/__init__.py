"""The shipped schemes, one TOML file each."""

from __future__ import annotations

from importlib.resources import files


def shipped_schemes() -> list[str]:
    """Return the names of the schemes that are shipped with the package."""
    names = [entry.name for entry in files(__package__).iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))
