"""The files of texts: all languages have the same texts, and the code uses all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import rfm_engine.reporting
from rfm_engine.reporting.language import LANGUAGES, language_of

ENGLISH = language_of("en").texts
KEYS = set(ENGLISH)
OTHERS = LANGUAGES[1:]


def forms(value: object) -> list[str]:
    """Return all texts of a key: one, the plural forms, or a list."""
    if isinstance(value, str):
        return [value]
    return list(value.values() if isinstance(value, dict) else value)


def names_in(value: object) -> set[str]:
    """Return the names in braces of a text and of all its forms."""
    parts = (part for text in forms(value) for part in Formatter().parse(text))
    return {name for _, name, _, _ in parts if name is not None}


def nodes() -> Iterator[ast.AST]:
    folder = Path(rfm_engine.reporting.__file__).parent
    for place in sorted(folder.rglob("*.py")):
        yield from ast.walk(ast.parse(place.read_text("utf-8")))


def pattern(node: ast.expr) -> re.Pattern[str] | None:
    """Return what keys an expression can give: a text, or an f-string that starts with a text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.compile(re.escape(node.value))
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        parts = (
            re.escape(str(each.value)) if isinstance(each, ast.Constant) else "[a-z_.-]+"
            for each in node.values
        )
        return re.compile("".join(parts))
    return None


def calls(name: str, place: int) -> Iterator[tuple[ast.Call, re.Pattern[str]]]:
    """Yield the calls of a function or method, and what keys their argument can give."""
    for node in nodes():
        if isinstance(node, ast.Call) and len(node.args) > place:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            found = pattern(node.args[place])
            if name in (called, getattr(node.func, "id", "")) and found is not None:
                yield node, found


@pytest.mark.parametrize("code", OTHERS)
def test_files__have_the_same_keys(code):
    assert set(language_of(code).texts) == KEYS


@pytest.mark.parametrize("code", OTHERS)
def test_files__have_the_same_values_to_fill_in(code):
    texts = language_of(code).texts
    assert {key: names_in(value) for key, value in texts.items()} == {
        key: names_in(value) for key, value in ENGLISH.items()
    }


@pytest.mark.parametrize("code", LANGUAGES)
def test_files__have_a_form_for_all_other_numbers(code):
    values = language_of(code).texts.values()
    assert all("other" in value for value in values if isinstance(value, dict))


@pytest.mark.parametrize("code", LANGUAGES)
def test_files__close_each_isolate(code):
    for value in language_of(code).texts.values():
        for text in forms(value):
            opened = sum(text.count(mark) for mark in "\u2066\u2067\u2068")
            assert opened == text.count("\u2069"), text


@pytest.mark.parametrize("code", LANGUAGES)
def test_files__give_no_causes(code):
    causes = re.compile(r"\b(because|due to|porque|debido)\b|لأن|بسبب", re.IGNORECASE)
    found = {key: value for key, value in language_of(code).texts.items() if "." in key}
    assert [key for key, value in found.items() if any(map(causes.search, forms(value)))] == []


def test_code__uses_each_text():
    patterns = [
        found for node in nodes() if isinstance(node, ast.expr) for found in [pattern(node)]
    ]
    used = {key for key in KEYS if any(each and each.fullmatch(key) for each in patterns)}
    assert used == KEYS


def test_code__uses_only_texts_that_exist():
    found = [each for _, each in calls("text", 0)]
    assert [each.pattern for each in found if not any(map(each.fullmatch, KEYS))] == []


def test_code__gives_each_section_a_heading():
    sections = {found.pattern for _, found in calls("card", 1)}
    assert {f"section.{each}" for each in sections} <= KEYS


def test_code__fills_in_each_value():
    for call, _ in calls("text", 0):
        key, given = call.args[0], {each.arg for each in call.keywords}
        if isinstance(key, ast.Constant) and None not in given:
            number = {"n"} if len(call.args) > 1 else set()
            assert names_in(ENGLISH[str(key.value)]) <= given | number, key.value
