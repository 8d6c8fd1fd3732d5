"""The documentation has valid links, and the options and names that exist."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from itertools import chain

import pytest
import typer.main

import rfm_engine as rfm
from rfm_cli import spark_score
from rfm_cli.main import app
from rfm_engine.options.columns import AttributeOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import (
    HistoryInputOptions,
    HistoryOptions,
    KeptOptions,
    StateOptions,
    TotalsOptions,
)
from rfm_engine.orders.judge import REASONS
from rfm_engine.simulate import simulate
from tests.docs.option_tables import with_signature, with_tables
from tests.docs.pages import INSIGHT, MOVEMENT, PAGES, ROOT, blocks_of, name_of, prose_of

REFERENCE = ROOT / "docs" / "reference"
COMMAND_LINE = (REFERENCE / "command-line.md").read_text()
PYTHON = (REFERENCE / "python.md").read_text()
INPUT_AND_OUTPUT = (REFERENCE / "input-and-output.md").read_text()
README = ROOT / "README.md"
GROUPS = dict(typer.main.get_command(app).commands)
COMMANDS = GROUPS | {
    f"{group} {name}": command
    for group, of in GROUPS.items()
    for name, command in getattr(of, "commands", {}).items()
}
OF_HISTORIES = {
    "history create": HistoryOptions,
    "history add": HistoryInputOptions,
    "history build": HistoryInputOptions,
}
GLOBAL = {"--version", "--help", "--install-completion", "--show-completion"}
# Options of other programs that are shown in the pages.
FOREIGN = {
    "--cacert", "--check", "--cov", "--no-deps", "--packages", "--py-files", "--quiet",
    "--unix-socket",
}  # fmt: skip
SCRIPT = {word for parameter in spark_score.command().params for word in parameter.opts}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
# `warm` compiles for seconds, and has a separate test.
EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "rfm_engine").rglob("*.py"))
    if ">>> " in path.read_text() and path.stem != "warmup"
]


def options_of(command: str) -> set[str]:
    words = chain.from_iterable(parameter.opts for parameter in COMMANDS[command].params)
    return {word for word in words if word.startswith("--")} - {"--help"}


def options_table(command: str) -> dict[str, str]:
    """Return the defaults by option, as the section of the command states them.

    Commands of a group may be described in the section of the group.
    """
    found = re.findall(rf"^## rfm {command}$(.*?)(?=^## |\Z)", COMMAND_LINE, re.M | re.S)
    [section] = found or [""] * (" " in command)
    return table_of(section)


def table_of(section: str) -> dict[str, str]:
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `-")]
    return {option: row[2].strip(" `") for row in rows for option in OPTION.findall(row[1])}


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links__lead_somewhere(page):
    for link in LINK.findall(prose_of(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT)
        assert target.is_file(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert anchor in map(anchor_of, headings), link


def test_pages__are_all_linked_from_the_readme_or_an_index():
    # The tables of insight and of movement have an index of their own.
    indexes = README, ROOT / "docs" / "index.md", INSIGHT / "index.md", MOVEMENT / "index.md"
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in indexes
        for link in LINK.findall(prose_of(page))
    }
    # The contents are for the documentation site, whose pages link to each other.
    roots = {README, ROOT / "docs" / "index.md", ROOT / "docs" / "contents.md"}
    assert set(PAGES) - roots <= linked


def test_readme__links_the_pages_of_the_root_and_the_benchmarks():
    linked = set(LINK.findall(prose_of(README)))
    assert {"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md"} <= linked


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_options__that_a_page_names_exist(page):
    known = set.union(GLOBAL, FOREIGN, SCRIPT, *map(options_of, COMMANDS))
    assert set(OPTION.findall(page.read_text())) <= known


@pytest.mark.parametrize("command", COMMANDS)
def test_reference__has_each_command_and_exactly_its_options(command):
    stated = set(options_table(command))
    if command in ("explain", "drift"):  # as the page says
        stated |= options_of("score") - {"--output", "--save-model"}
    if command in ("insight", "label", "campaign report", "report"):  # as the page says
        stated |= {each.flag for each in declared(TotalsOptions).values()}
    if command in ("init", "state create", "normalize", "clv"):  # as the page says
        how_to_read = COMMAND_LINE.partition("\nColumns:\n")[2].partition("\nScoring:\n")[0]
        dates = {"--as-of", "--window"} if command == "state create" else set()
        attributes = {each.flag for each in declared(AttributeOptions).values()}
        others = dates if command == "normalize" else dates | attributes
        stated |= {*table_of(how_to_read), "--by", "--strict"} - others
    if command in ("compare", "events", "tiers", "flows run"):  # as the page says
        stated |= {each.flag for each in declared(KeptOptions).values()}
    if command in OF_HISTORIES:  # as the page says
        stated |= {each.flag for each in declared(OF_HISTORIES[command]).values()}
    assert stated == options_of(command)


def test_reference__has_the_tables_of_the_declarations():
    assert with_tables(COMMAND_LINE) == COMMAND_LINE


@pytest.mark.parametrize("command", COMMANDS)
def test_reference__states_the_defaults(command):
    stated = options_table(command)
    for parameter in COMMANDS[command].params:
        option = next((word for word in parameter.opts if word in stated), None)
        if option and parameter.required:
            assert stated[option] == "required"
        elif option and parameter.default is not None:
            default = "off" if parameter.default is False else str(parameter.default)
            assert stated[option] == default, option


def test_reference__has_all_public_names_and_parameters():
    for name in rfm.__all__:
        assert re.search(rf"\b{name}\b", PYTHON), name
    for name in inspect.signature(rfm.score).parameters:
        assert re.search(rf"\b{name}\b", PYTHON), name
    things = (
        rfm.Result,
        rfm.CustomerTotals,
        rfm.Totals,
        rfm.NormalizedRows,
        rfm.RowCounts,
        rfm.Cuts,
        rfm.Progress,
    )
    for thing in (*things, rfm.State, rfm.Ingested):
        inner = {"manifest", "totals_as"} if thing is rfm.State else set()
        for name in {*vars(thing), *getattr(thing, "__annotations__", {})} - inner:
            if name.startswith("_"):
                continue
            assert f"`{name}" in PYTHON, f"{thing.__name__}.{name}"


def test_reference__has_the_signature_of_score():
    assert with_signature(PYTHON) == PYTHON
    assert {*declared(StateOptions)} <= set(inspect.signature(rfm.score).parameters)


def test_reference__has_all_reasons_columns_and_keys():
    for reason in REASONS[1:]:
        assert f"`{reason}`" in INPUT_AND_OUTPUT
    result = rfm.score(simulate(customers=1, orders=1), as_of="newest", facts=True)
    for column in result.customers.column_names[1:]:
        assert f"`{column}`" in INPUT_AND_OUTPUT
    for key in [*result.summary(), "peak_memory_bytes"]:
        assert f"| `{key}` |" in COMMAND_LINE


def test_readme__begins_with_two_commands_of_one_line():
    first, second, *others = blocks_of(README)
    assert first.language == second.language == "sh"
    assert [block.text.count("\n") for block in (first, second)] == [1, 1]
    assert "sh" not in {block.language for block in others}
    assert first.text.endswith("rfm demo\n")
    assert "pytest" in second.text


def test_readme__shows_the_table_of_the_page_that_explains_it():
    shown = re.findall(r"^    (.*)$", prose_of(README), re.M)
    page = (ROOT / "docs" / "how-to" / "read-the-segment-table.md").read_text()
    assert len(shown) > 10
    assert "\n".join(shown) + "\n\nSegment " in page


def test_readme__has_an_example_of_eight_lines():
    [example] = [block for block in blocks_of(README) if block.language == "python"]
    assert example.text.count("\n") == 8


@pytest.mark.parametrize("module", EXAMPLES)
def test_docstrings__have_examples_that_run(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried > 0
    assert failed == 0
