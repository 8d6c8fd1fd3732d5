"""SVG is made safe for a page: nothing unknown, no scripts and links; any text can be drawn."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from rfm_engine.errors import RfmError
from rfm_engine.reporting.direction import without_marks
from rfm_engine.reporting.drawing.clean import REPLACEMENT, all_cleaned, cleaned
from rfm_engine.reporting.drawing.svg import finished, standalone

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SVG += ' viewBox="0 0 10 20" width="10" height="20" class="marks">{}</svg>'
HOSTILE = "<img src=x onerror=alert(1)> \"'&]]> <script>alert(2)</script> \u0645\u0646"


def page_svg(inside: str, name: str = "chart") -> ET.Element:
    return finished(SVG.format(inside), name, "Title", "Description")


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<style>rect { fill: red }</style>",
        '<image href="http://example.com/a.png"/>',
        '<a href="http://example.com/"><rect/></a>',
        '<a xlink:href="http://example.com/"><rect/></a>',
        "<foreignObject/>",
        "<use/>",
        "<animate/>",
        "<set/>",
        "<iframe/>",
        '<rect style="fill: red"/>',
        '<rect href="#a"/>',
        '<rect xlink:href="#a"/>',
        '<rect onclick="alert(1)"/>',
        '<g><rect onload="alert(1)"/></g>',
        '<html:script xmlns:html="http://www.w3.org/1999/xhtml"/>',
        '<rect fill="url(http://example.com/#a)"/>',
        "<rect fill=\"url('#a')\"/>",
    ],
)
def test_finished__refuses_what_is_not_listed(inside):
    with pytest.raises(RfmError, match="chart must"):
        page_svg(inside)


def test_finished__names_the_chart_and_what_it_shows():
    root = finished(SVG.format(""), "chart", HOSTILE, "Description")
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "chart-title chart-desc"
    assert "class" not in root.attrib
    again = ET.fromstring(ET.tostring(root))
    assert [(each.tag, each.text) for each in again] == [
        ("title", HOSTILE), ("desc", "Description"),
    ]  # fmt: skip


def test_finished__numbers_ids_in_the_order_of_the_chart():
    inside = (
        '<defs><clipPath id="clip17"><rect/></clipPath><clipPath id="clip9"><rect/></clipPath>'
        '</defs><g clip-path="url(#clip9)"><rect width="1"/></g>'
        '<g clip-path="url(#clip17)"><rect width="2"/></g>'
    )
    root = page_svg(inside, "a")
    assert [each.get("id") for each in root.iter("clipPath")] == ["a-0", "a-1"]
    assert [each.get("clip-path") for each in root.iter("g")] == ["url(#a-1)", "url(#a-0)"]


def test_finished__turns_labels_of_marks_into_tooltips():
    inside = (
        '<g role="graphics-object" aria-roledescription="rect mark container" aria-label="marks">'
        '<path aria-label="Lost: 3" role="graphics-symbol" aria-roledescription="bar" d="M0,0h1"'
        ' fill="#000000"/></g>'
    )
    [path] = page_svg(inside).iter("path")
    assert path.attrib == {"d": "M0,0h1", "fill": "#000000"}
    assert [(each.tag, each.text) for each in path] == [("title", "Lost: 3")]


def test_finished__rounds_coordinates_and_drops_what_draws_nothing():
    inside = (
        '<g transform="translate(0.5499,-0.04)">'
        '<path d="M1.25,1e-7L-12.349,3Z" fill="#000000"/></g>'
        '<path d="M0,0h9"/><g><g/></g><text></text><rect display="none" width="3"/>'
        '<text font-family="sans-serif" opacity="1">1.2345</text>'
    )
    root = page_svg(inside)
    assert [each.tag for each in root] == ["title", "desc", "g", "text"]
    assert root[2].attrib == {"transform": "translate(0.5,0)"}
    assert root[2][0].attrib["d"] == "M1.2,0L-12.3,3Z"
    assert (root[3].attrib, root[3].text) == ({}, "1.2345")


def test_standalone__is_a_file_with_an_opaque_background():
    text = standalone(page_svg('<rect width="1" height="1" fill="#0b4f94"/>'), "#fffffe")
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    paper = root[2].attrib
    assert paper == {"x": "0", "y": "0", "width": "10", "height": "20", "fill": "#fffffe"}


def test_cleaned__replaces_only_what_must_not_be_drawn():
    kept = "\t\n !~\u00a0\u00e4\u0627\u4e2d\u200d\ufffd\U0001f600"
    assert cleaned(kept) == kept
    for code in (0, 8, 11, 13, 31, 0x7F, 0x9F, 0xD800, 0xDFFF, 0xFDD0, 0xFFFE):
        assert cleaned(f"a{chr(code)}b") == f"a{REPLACEMENT}b"
    assert all_cleaned({"a\0": ["b\0", 1, None, ("c\0",)]}) == {
        f"a{REPLACEMENT}": [f"b{REPLACEMENT}", 1, None, [f"c{REPLACEMENT}"]]
    }


# vl-convert ends the process at some characters, so that another process draws.
DRAW = """
import json, sys
from rfm_engine.reporting.report import Report
from tests.reporting.test_svg import NAMES
document = json.load(sys.stdin)
for row, name in zip(document["segments"], NAMES, strict=True):
    row["name"] = name
document["title"] = "".join(NAMES)
report = Report(document)
drawn = {name: report.charts[name].svg for name in ("treemap-customers", "treemap-spend")}
sys.stdout.buffer.write(json.dumps([drawn, report.html()]).encode())
"""
NAMES = ["".join(map(chr, range(start, start + 4096))) for start in range(0, 65_536, 4096)]


def spaced(text):
    """Return a text with single spaces, because attributes of XML have no other white space."""
    return " ".join(text.split())


def test_charts__and_page_have_names_of_all_characters(full):
    pytest.importorskip("vl_convert")
    plain = full | {
        "grid": None, "movement": None, "retention": None, "history": None, "cohorts": None,
        "segments": [full["segments"][0]] * len(NAMES),
    }  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", DRAW], input=json.dumps(plain).encode(), capture_output=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    drawn, page = json.loads(run.stdout)
    for svg in drawn.values():
        titles = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")
        said = spaced(" ".join(each.text or "" for each in titles))
        assert [name for name in NAMES if spaced(without_marks(cleaned(name))) not in said] == []
    assert page.encode()
    assert not set(map(ord, page)) & {0, 1, 11, 31, 0xFFFE, 0xD800, 0x202E}
