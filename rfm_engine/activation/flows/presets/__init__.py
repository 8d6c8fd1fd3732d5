"""The flows that come with the library, as TOML."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def shipped_flows() -> dict[str, str]:
    """Return the TOML of the flows that come with the library by name, in order of priority."""
    entries = [each for each in files(__package__).iterdir() if each.name.endswith(".toml")]
    texts = {each.name.removesuffix(".toml"): each.read_text("utf-8") for each in entries}
    priorities = {name: tomllib.loads(text)["priority"] for name, text in texts.items()}
    return {name: texts[name] for name in sorted(texts, key=priorities.__getitem__)}
