"""Words that the texts of this project avoid, because readers must translate them.

Documents, help, messages, docstrings and comments are read. Data, such as SQL and regular
expressions, is not text.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, prose_of

RATES = "bytes|ns|us|ms|seconds?|rows?|orders?|records?|bins|tables?|times|files?|lines|once|twice"
UNITS = "row|customer|key|table|axis|thread|batch|second|line|file|day|minute|order|year|group|id"
AVOIDED = {
    rf"(?-i:{RATES}) an? ({UNITS})\b": "per",
    r"(stand|stands|stood)(?![ -]out)": "is, are, is stored, is listed",
    r"(lie|lies)": "is, are, is stored",
    r"anew": "again, rebuild",
    r"so many": "the number of, this many",
    r"(take|takes|taken|took) away": "delete, remove",
    r"(let|lets) go": "release, free",
    r"but for": "except for",
    r"(mend|mends|mended)": "fix",
    r"foretell": "predict",
    r"(whence|thereof|hence|wherein|likewise)": "a plain word",
    r"(nobody|somebody|whoever)": "no customer, another process, anyone",
    r"is there already": "already ingested, exists",
    r"not as (it|they) (was|were) written": "damaged or changed",
    r"means nothing": "is arbitrary",
    r"(litter|circles)": "files left behind, cycles",
    r"what is typed": "options on the command line",
    r"(utilize|leverage|seamless|seamlessly|simply)": "plain words",
}
PATTERNS = {re.compile(rf"\b{words}\b", re.IGNORECASE): better for words, better in AVOIDED.items()}
SOURCES = [
    *sorted((ROOT / "rfm_engine").rglob("*.py")),
    *sorted((ROOT / "cli").rglob("*.py")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
]
DATA = {"rfm_engine/segments/schemes"}
"""Folders of files that are data."""


def found_in(text: str) -> list[str]:
    """Return what should be written otherwise."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    return [
        f"{match[0]!r} (write {better}) in: {paragraph[max(match.start() - 40, 0) :][:100]}"
        for paragraph in paragraphs
        for pattern, better in PATTERNS.items()
        for match in pattern.finditer(paragraph)
    ]


def texts_of(place: Path) -> Iterator[str]:
    """Yield comments, joined over lines, and strings of several words."""
    comment: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(place.read_text()).readline):
        if token.type == tokenize.COMMENT:
            comment.append(token.string.lstrip("# "))
        elif token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            if comment:
                yield " ".join(comment)
                comment = []
            # Parts of f-strings are tokens of their own from Python 3.12 on.
            is_string = "STRING" in tokenize.tok_name[token.type]
            if is_string and token.string.count(" ") >= 2:
                yield token.string
    if comment:
        yield " ".join(comment)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages__use_plain_words(page):
    assert found_in(prose_of(page)) == []


def test_sources__use_plain_words():
    found = {
        str(place.relative_to(ROOT)): words
        for place in SOURCES
        if str(place.parent.relative_to(ROOT)) not in DATA
        if (words := [word for text in texts_of(place) for word in found_in(text)])
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "45 bytes a customer",
        "What stands there",
        "so many\n  generations",
        "Nobody knows",
        "made anew",
    ],
)
def test_found_in__finds(text):
    assert len(found_in(text)) == 1


@pytest.mark.parametrize("text", ["a standard", "understand", "a row", "45 bytes per customer"])
def test_found_in__leaves(text):
    assert found_in(text) == []
