"""Print a page on A4, and find the printed pages of its cards.

Each card gets a background colour of its own. A card that is cut in two has its background on two
pages of the PDF.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from tests.reporting.browser import OpenPage

MARGINS = {"top": "1cm", "right": "1cm", "bottom": "1cm", "left": "1cm"}


def print_pdf(opened: OpenPage, path: Path) -> int:
    """Write the page as a PDF on A4, and return the number of printed pages."""
    path.write_bytes(printed := pdf(opened))
    return len(contents(printed))


def card_pages(opened: OpenPage, selector: str) -> list[tuple[str, list[int]]]:
    """Return the heading of each card, and the numbers of the printed pages that it is on."""
    names = opened.run("cards", selector)
    assert len(names) <= 256, "a background colour per card"
    pages = contents(pdf(opened))
    opened.restyle("")
    found = [
        (name, [page for page, colours in enumerate(pages, 1) if (1, 2, n) in colours])
        for n, name in enumerate(names)
    ]
    assert all(pages for _, pages in found), "each card has a background on paper"
    return found


def cut_cards(opened: OpenPage, selector: str) -> list[str]:
    """Return the headings of the cards that are cut in two when the page is printed on A4."""
    return [name for name, pages in card_pages(opened, selector) if len(pages) > 1]


def pdf(opened: OpenPage) -> bytes:
    return opened.page.pdf(format="A4", print_background=True, margin=MARGINS)


def contents(printed: bytes) -> list[set[tuple[int, int, int]]]:
    """Return the fill colours of each page of a PDF that Chromium wrote."""
    objects = dict(re.findall(rb"(?s)\b(\d+) 0 obj\s(.*?)\sendobj", printed))
    pages = [body for body in objects.values() if re.search(rb"/Type\s*/Page\b", body)]
    return [fills(objects[re.search(rb"/Contents (\d+) 0 R", page)[1]]) for page in pages]


def fills(stream: bytes) -> set[tuple[int, int, int]]:
    start = re.search(rb"stream\r?\n", stream).end()
    commands = zlib.decompressobj().decompress(stream[start:])
    colours = re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) rg\b", commands)
    return {tuple(round(255 * float(part)) for part in colour) for colour in colours}
