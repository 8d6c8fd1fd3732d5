"""Texts that mix directions: numbers and names keep their order, and names change no other text."""

from __future__ import annotations

import re

import pytest

import rfm_engine as rfm
from rfm_engine.reporting.direction import isolated_if_rtl, isolated_in_data, without_marks
from rfm_engine.reporting.drawing.specification import bound
from rfm_engine.reporting.drawing.widths import width_of
from rfm_engine.simulate import simulate
from tests.conftest import COMPILED

START, END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


@pytest.fixture(scope="module")
def document() -> dict:
    if not COMPILED:
        pytest.skip("pages are the same without the compiler")
    result = rfm.score(simulate(customers=300, orders=900), as_of="newest")
    return rfm.report(result, currency_sign="$").document


@pytest.mark.parametrize("text", ["العملاء (جدد)", "לקוחות", "R5 عميل"])
def test_isolated_if_rtl__marks_texts_with_such_letters(text):
    assert isolated_if_rtl(text) == f"{START}{text}{END}"


@pytest.mark.parametrize("text", ["", "Champions (10-25)", "\N{MINUS SIGN}5%", "客户"])
def test_isolated_if_rtl__leaves_other_texts(text):
    assert isolated_if_rtl(text) == text


def test_isolated_in_data__reaches_lists_and_leaves_numbers():
    data = {"text": ["عميل", "a"], "n": 1, "share": 0.5, "none": None}
    assert isolated_in_data(data) == data | {"text": ["\u2068عميل\u2069", "a"]}


@pytest.mark.parametrize(
    "mark", [*"\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
)
def test_without_marks__replaces_each_character_that_sets_a_direction(mark):
    found = without_marks({"name": f"a{mark}b", "list": [f"{mark}"]})
    assert found == {"name": "a\ufffdb", "list": ["\ufffd"]}


def test_width_of__marks_have_none():
    assert width_of("\u2068عميل\u2069", 12) == width_of("عميل", 12)


def test_bound__isolates_texts_that_are_drawn():
    found = bound("grid", {"labels": [{"text": "عميل (1)"}]}, _values("عميل"))
    assert found["datasets"]["labels"] == [{"text": "\u2068عميل (1)\u2069"}]


def _values(line: str) -> dict:
    return {"width": 1, "height": 1, "line": line, "x_domain": [0, 1], "y_domain": [0, 1]}


@pytest.mark.parametrize(("language", "direction"), [("es", "ltr"), ("ar", "rtl")])
def test_page__is_complete_in_each_language(document, language, direction):
    page = rfm.Report(document, language).html()
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert re.findall(r"\{\w*\}", page.partition("</style>")[2]) == []
    assert "\ufffd" not in page


def test_page__a_name_cannot_change_the_order_of_other_texts(document):
    segments = [{**each, "name": f"\u202e{each['name']}"} for each in document["segments"]]
    grid = {
        **document["grid"],
        "cells": [{**each, "segment": None} for each in document["grid"]["cells"]],
    }
    page = rfm.Report({**document, "segments": segments, "grid": grid, "title": "\u2067x"}).html()
    assert not re.search("[\u202a-\u202e\u2066\u2067]", page)
    assert "<h1>\ufffdx</h1>" in page
