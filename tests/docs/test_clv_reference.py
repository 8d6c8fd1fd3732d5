"""The reference has every column, key and warning of lifetime value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import rfm_engine as rfm
from rfm_engine.clv.run import clv_given
from rfm_engine.simulate import simulate
from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference"
COMMAND = (REFERENCE / "command-line.md").read_text()
FILES = (REFERENCE / "input-and-output.md").read_text()
PYTHON = (REFERENCE / "python.md").read_text()
WARNING = re.compile(r'DataWarning\(\s*"(\w+)"')


@pytest.fixture(scope="module")
def found() -> Any:
    orders = simulate(customers=60, orders=300)
    options = {"as_of": "2025-12-31", "family": "bg-nbd", "validate": "180d"}
    return clv_given(orders, options, {}, None, None)


def section(page: str, heading: str) -> str:
    part = page.partition(f"\n{heading}\n")[2]
    return re.split(rf"\n#{{2,{heading.count('#')}}} ", part)[0]


def missing(names: Iterator[str] | Any, text: str) -> list[str]:
    return [name for name in names if f"`{name}`" not in text]


def test_reference__has_the_columns(found):
    assert missing(found.schema.names[1:], section(FILES, "## Lifetime value")) == []


def test_reference__has_the_keys_of_a_model(found):
    keys = found.summary()["model"]
    assert missing(keys, section(FILES, "## The model of lifetime value")) == []


def test_reference__has_the_keys_of_the_json_object(found):
    about = found.summary()
    text = section(COMMAND, "### The JSON object of rfm clv")
    validation = about["validation"]
    assert missing([*about, *validation, *validation["methods"][0]], text) == []
    assert missing({each["method"] for each in validation["methods"]}, text) == []


def test_reference__has_the_warnings():
    sources = (ROOT / "rfm_engine" / "clv").rglob("*.py")
    codes = {code for source in sources for code in WARNING.findall(source.read_text())}
    assert len(codes) > 5
    assert [code for code in codes if f"| `{code}` |" not in COMMAND] == []


@pytest.mark.parametrize("thing", [rfm.ClvModel, rfm.Validation])
def test_reference__has_the_members(thing):
    fields = getattr(thing, "__annotations__", {})
    names = {name for name in {*vars(thing), *fields} if not name.startswith("_")}
    inherited = {"count", "index"}
    assert [name for name in names - inherited if f"`{name}" not in PYTHON] == []
