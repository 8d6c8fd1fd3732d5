"""Tables as HTML for notebooks: plain and escaped."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

_LEFT = " style='text-align:left'"


def html_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], texts: Collection[str] = ()
) -> str:
    """Return a table as HTML; everything is escaped.

    Parameters
    ----------
    heads
        The names of the columns.
    rows
        The texts of the cells.
    texts
        The heads of columns that are aligned at the left.
    """
    left = [_LEFT if head in texts else "" for head in heads]
    body = "".join(f"<tr>{_cells('td', row, left)}</tr>" for row in rows)
    return (
        f"<table><thead><tr>{_cells('th', heads, left)}</tr></thead><tbody>{body}</tbody></table>"
    )


def html_paragraph(text: str) -> str:
    """Return an escaped paragraph."""
    return f"<p>{html.escape(text)}</p>"


def cell_text(value: object) -> str:
    """Return a value as a cell shows it: numbers with thousands separators, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _cells(tag: str, texts: Sequence[str], left: Sequence[str]) -> str:
    return "".join(
        f"<{tag}{style}>{html.escape(text)}</{tag}>"
        for text, style in zip(texts, left, strict=True)
    )
