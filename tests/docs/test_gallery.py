"""The gallery has each chart of a report, with pictures of charts as they are drawn today."""

from __future__ import annotations

import html
import re

import pytest

from tests.docs.gallery import GALLERY, MOST_BYTES, PAGE, PICTURES, content_of

TEXT = PAGE.read_text()
CHARTS, RULES = TEXT.partition("\n## What stands out\n")[::2]
PARTS = ["Question", "How to read it", "What not to conclude"]


def test_gallery__names_each_chart(whole_report):
    names = {re.sub(r"-\d+$|-narrow$", "", name) for name in whole_report.charts}
    assert names <= {*re.findall(r"`([\w-]+)`", CHARTS)}


@pytest.mark.parametrize("name", PICTURES)
def test_gallery__shows_charts_as_they_are_drawn_today(name, whole_report):
    saved = (GALLERY / f"{name}.svg").read_text()
    assert content_of(saved) == content_of(whole_report.charts[name].svg)
    assert f"]({name}.svg)" in CHARTS


def test_gallery__has_exactly_its_pictures_and_is_small():
    pictures = [*GALLERY.glob("*.svg")]
    assert {place.stem for place in pictures} == {*PICTURES}
    assert sum(place.stat().st_size for place in pictures) <= MOST_BYTES


@pytest.mark.parametrize("section", CHARTS.split("\n## ")[2:], ids=lambda text: text.split("\n")[0])
def test_gallery__says_of_each_chart_what_it_answers_and_what_not(section):
    assert re.findall(r"^\*\*(.*)\.\*\*", section, re.MULTILINE) == PARTS


def test_gallery__shows_the_sentences_of_the_page(whole_report):
    [section] = re.findall(r'<section id="findings".*?</section>', whole_report.html(), re.DOTALL)
    said = [html.unescape(each) for each in re.findall("<li>(.*?)</li>", section)]
    assert re.findall(r"^> - (.*)$", RULES, re.MULTILINE) == said
