"""A how-to says what it needs, and how to get it, before its first example."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib

import pytest

from tests.docs.pages import PAGES, ROOT, blocks_of, name_of

HOW_TOS = [page for page in PAGES if page.parent == ROOT / "docs" / "how-to"]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
INSTALLED_WITH_RFM = {"rfm_engine", "rfm_cli", "pyarrow", "numpy", "numba"}
IMPORT = re.compile(r"^\s*(?:import (\w+)|from (\w+)[\w.]* import)", re.MULTILINE)


@pytest.mark.parametrize("page", [*HOW_TOS, ROOT / "docs" / "tutorial.md"], ids=name_of)
def test_how_to__installs_what_its_examples_import(page):
    blocks = blocks_of(page)
    code = "\n".join(block.text for block in blocks if block.language == "python")
    imported = {one or other for one, other in IMPORT.findall(code)} - set(sys.stdlib_module_names)
    own = set(re.findall(r"(\w+)\.py\b", page.read_text()))
    needed = imported - INSTALLED_WITH_RFM - own
    shell = "\n".join(block.text for block in blocks if block.language == "sh")
    lines = re.findall("pip install (.*)", shell)
    words = [word for line in lines for word in shlex.split(line, comments=True)]
    for extras in re.findall(r"(?:\.|rfm-engine)\[([\w,]+)\]", " ".join(words)):
        words += [word for extra in extras.split(",") for word in EXTRAS[extra]]
    installed = {re.split(r"[<>=~!\[]", word)[0] for word in words}
    assert needed <= installed


@pytest.mark.parametrize("page", HOW_TOS, ids=name_of)
def test_how_to__that_writes_options_works_in_a_folder_of_its_own(page):
    commands = [block.text for block in blocks_of(page) if block.language == "console"]
    writes = any(re.search(r"^\$ rfm init", text, re.MULTILINE) for text in commands)
    assert not writes or "Work in a new folder" in page.read_text()
