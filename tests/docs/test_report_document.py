"""The page about the report document has each key of real documents, with its type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from rfm_engine.reporting.document.disclosure import suppressed
from tests.conftest import COMPILED
from tests.docs.pages import ROOT, tables_of

pytestmark = pytest.mark.skipif(not COMPILED, reason="documents are the same without the compiler")

PAGE = ROOT / "docs" / "reference" / "report-document.md"
# Keys that are names of data in a path of a document, and how the page names them.
NAMES = {
    r"^distributions\.(recency|frequency|monetary)": "distributions.AXIS",
    r"^head\.rows\.dropped\.\w+": "head.rows.dropped.REASON",
    r"^method\.options\.\w+.*": "method.options.NAME",
    r"^campaigns\[\]\.(segments\[\]|all)\.": "campaigns[].LINE.",
}
INTERVAL = re.compile(r"(?<!\.)_(low|high)$")
MONEY = re.compile(r"-?\d+(\.\d+)?")


def is_date(value: Any) -> bool:
    return isinstance(value, str) and date.fromisoformat(value).isoformat() == value


TYPES = {
    "any": lambda _: True,
    "boolean": lambda value: isinstance(value, bool),
    "date": is_date,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "money": lambda value: isinstance(value, str) and MONEY.fullmatch(value) is not None,
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, float),
    "object": lambda value: isinstance(value, dict),
    "text": lambda value: isinstance(value, str),
}


def documented() -> dict[str, list[str]]:
    """Return the types of each key of the page."""
    return {
        key: kinds.split(" or ")
        for keys, kinds, *_ in tables_of(PAGE)
        for key in re.findall(r"`([^`]+)`", keys)
    }


def values_of(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of all keys and elements of a document."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from values_of(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for each in value:
            yield from values_of(each, f"{path}[]")


def named(path: str) -> str:
    """Return a path as the page writes it."""
    for pattern, name in NAMES.items():
        path = re.sub(pattern, name, path)
    return INTERVAL.sub("", path) if path.startswith("campaigns") else path


@pytest.fixture(scope="module")
def hidden_values(whole_report) -> list[tuple[str, Any]]:
    """The values of a document with hidden counts."""
    document = suppressed(whole_report.document, 20)
    return [(named(path), each) for path, each in values_of(document)]


@pytest.fixture(scope="module")
def values(whole_report, grouped_reports) -> list[tuple[str, Any]]:
    documents = [each.document for each in (whole_report, *grouped_reports)]
    return [(named(path), each) for document in documents for path, each in values_of(document)]


def test_report_document__has_values_of_the_types_that_the_page_states(values):
    types = documented()
    for path, value in values:
        # Objects and lists whose parts are described need no line of their own.
        is_whole = isinstance(value, dict | list) and path not in types
        if is_whole:
            assert any(key.startswith((f"{path}.", f"{path}[]")) for key in types), path
        else:
            assert path in types, path
            assert any(TYPES[kind](value) for kind in types[path]), (path, value)


def test_report_document__has_null_in_place_of_hidden_values(hidden_values):
    types = documented()
    for path, value in hidden_values:
        if value is not None and path in types:
            assert any(TYPES[kind](value) for kind in types[path]), (path, value)


def test_report_document__has_each_key_of_the_page(values, hidden_values):
    found = {path for path, _ in [*values, *hidden_values]}
    # Sections that none of these documents has; their parts cannot be found.
    absent = {path for path, value in values if value in (None, [])}
    absent -= {path for path, value in values if value not in (None, [])}
    parts = tuple(f"{path}{mark}" for path in absent for mark in (".", "[]"))
    missing = {key for key in documented() if key not in found and not key.startswith(parts)}
    assert missing == set()
