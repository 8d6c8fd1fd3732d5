"""What is around the content of every page: its policy, its style, and what it says it is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from rfm_engine.reporting.language import Language
from rfm_engine.reporting.page.elements import element, html_of
from rfm_engine.reporting.page.style import digest_of, style_of

_GENERATOR = "rfm-engine"
_BEGIN = 2_000


def document_around(
    body: ET.Element, language: Language, title: str, version: str, *, has_images: bool
) -> str:
    """Return a page without scripts that needs nothing from outside.

    Parameters
    ----------
    version
        The version of rfm-engine that computed the numbers.
    has_images
        Whether the page contains pictures as data URIs.
    """
    style = style_of(_used(body))
    policy = (
        f"default-src 'none'; style-src '{digest_of(style)}'; base-uri 'none'; form-action 'none'"
    )
    if has_images:
        policy += "; img-src data:"
    sheet = element("style")
    sheet.text = style
    head = element(
        "head", None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "referrer", "content": "no-referrer"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("meta", {"name": "generator", "content": f"{_GENERATOR} {version}"}),
        element("title", None, title),
        sheet,
    )  # fmt: skip
    attributes = {"lang": language.code, "dir": language.direction}
    return html_of(element("html", attributes, head, body))


def is_page(place: Path) -> bool:
    """Whether a file is a page that rfm-engine has written, so that it may be replaced."""
    try:
        with place.open("rb") as file:
            begin = file.read(_BEGIN)
    except OSError:
        return False
    return f'<meta name="generator" content="{_GENERATOR} '.encode() in begin


def _used(body: ET.Element) -> set[str]:
    """Return the colours of all marks of charts."""
    return {
        each.attrib[key] for each in body.iter() for key in ("fill", "stroke") if key in each.attrib
    }
