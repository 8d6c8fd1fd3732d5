"""Read the tables of a page, the exact values of numbers in them, and the kinds of elements."""

from __future__ import annotations

from html.parser import HTMLParser

Rows = list[list[str]]


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[tuple[str, Rows]] = []
        self.open: list[str] = []
        self.caption = ""
        self.values: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "table":
            self.caption, rows = "", []
            self.tables.append(("", rows))
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("th", "td"):
            self.values, self.texts = [], []
        elif tag == "data":
            self.values.append(dict(attributes)["value"])

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass
        if tag == "caption":
            self.tables[-1] = (self.caption, self.tables[-1][1])
        elif tag in ("th", "td"):
            [*_, row] = self.tables[-1][1]
            row.append(" ".join(self.values) or "".join(self.texts))

    def handle_data(self, data):
        if "caption" in self.open:
            self.caption += data
        elif "title" not in self.open:
            self.texts.append(data)


def tables_of(page: str) -> dict[str, Rows]:
    """Return the rows of each table by caption, without its header.

    A cell is the exact value of its number, or its text.
    """
    reader = _Tables()
    reader.feed(page)
    captions = [caption for caption, _ in reader.tables]
    assert len(set(captions)) == len(captions), "each table has a caption of its own"
    return {caption: rows[1:] for caption, rows in reader.tables}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag, _attributes):
        self.found.add(tag)


def tags_of(page: str) -> set[str]:
    """Return the kinds of elements of a page."""
    reader = _Tags()
    reader.feed(page)
    return reader.found
