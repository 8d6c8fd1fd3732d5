"""The style sheet of the page, with the dark colours of its charts, and its digest."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Set
from functools import cache
from hashlib import sha256
from importlib.resources import files

from rfm_engine.reporting.drawing.theme import dark_rules, page_colours

_DARK = "@media screen and (prefers-color-scheme: dark)"


def style_of(used: Set[str]) -> str:
    """Return the style sheet; `used` are the colours of the marks of charts."""
    colours = page_colours()._asdict()
    light, dark = (
        "".join(f"--{name}:{getattr(role, shade)};" for name, role in colours.items())
        for shade in ("light", "dark")
    )
    return (
        f":root{{{light}}}\n{_sheet()}{_DARK}{{\n:root{{{dark}}}\n{dark_rules('svg', used)}\n}}\n"
    )


def digest_of(style: str) -> str:
    """Return what the policy of the page says about its style sheet."""
    return "sha256-" + b64encode(sha256(style.encode()).digest()).decode()


@cache
def _sheet() -> str:
    return (files("rfm_engine.reporting.page") / "style.css").read_text("utf-8")
