"""The documentation for tests: pages, and the fenced blocks of a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
INSIGHT = ROOT / "docs" / "insight"
"""The folder with a page per insight table."""
MOVEMENT = ROOT / "docs" / "movement"
"""The folder with a page per table of movement."""
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block, and the text between it and the previous block."""

    language: str
    text: str
    before: str


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    blocks = []
    end = 0
    for match in _FENCE.finditer(text):
        blocks.append(Block(match[1], match[2], text[end : match.start()]))
        end = match.end()
    return blocks


def prose_of(page: Path) -> str:
    """Return the text of a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def tables_of(page: Path) -> list[list[str]]:
    """Return the cells of all table rows, including heads."""
    rows = [line.strip("|") for line in prose_of(page).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.split("|")] for row in rows]
