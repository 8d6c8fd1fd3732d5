"""The charts of a report: same bytes, known colours, safe specifications, files in all formats."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from rfm_engine.reporting.drawing.rendering import png_of, rendered
from rfm_engine.reporting.drawing.specification import MARK, is_vega_lite, specification_of
from rfm_engine.reporting.drawing.svg import finished
from rfm_engine.reporting.drawing.theme import dark_values
from rfm_engine.reporting.drawing.widths import width_of
from rfm_engine.reporting.language import LANGUAGES
from rfm_engine.reporting.report import Report
from tests.conftest import COMPILED, DEEP
from tests.reporting.renew_golden import DOCUMENT

pytest.importorskip("vl_convert")
pytestmark = pytest.mark.skipif(not COMPILED, reason="charts are the same without the compiler")
NAMES = [
    "treemap-customers", "treemap-spend", "rf-customers", "rf-spend", "rf-aov", "dist-recency",
    "dist-frequency", "dist-monetary", "concentration", "movement", "flows", "retention", "cohorts",
    "history", "clv-calibration", "clv-tracking", "roi", "affinity",
]  # fmt: skip
# Each of these is a picture of 0.1 s; the others differ only in their SVG.
AS_PICTURES = NAMES if DEEP else ["treemap-spend"]
DARK = 128
"""A pixel is dark if red, green and blue are below."""


@pytest.fixture(scope="module")
def report() -> Report:
    return Report(json.loads(DOCUMENT.read_text("utf-8")))


def test_charts__are_those_of_the_page(report):
    assert [*report.charts] == NAMES
    page = ET.fromstring(f"<all>{''.join(re.findall(r'(?s)<svg.*?</svg>', report.html()))}</all>")
    drawn = [svg.get("aria-labelledby") for svg in page if svg.get("role") == "img"]
    names = [*NAMES, "history-narrow", "clv-calibration-narrow", "clv-tracking-narrow"]
    assert sorted(drawn) == sorted(f"{name}-title {name}-desc" for name in names)


def test_charts__have_the_same_bytes_again_and_in_another_process(full, report, tmp_path):
    drawn = {name: chart.svg for name, chart in report.charts.items()}
    again = Report(full).charts
    assert {name: again[name].svg for name in reversed(NAMES)} == drawn
    place = tmp_path / "report.json"
    place.write_text(report.json())
    program = (
        "import json, sys\n"
        "from rfm_engine import report\n"
        "charts = report(sys.argv[1]).charts\n"
        "print(json.dumps({name: charts[name].svg for name in reversed(charts)}))\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, place], capture_output=True, check=True, timeout=120
    )
    assert json.loads(other.stdout) == drawn


@pytest.mark.parametrize("name", NAMES)
def test_chart__has_only_colours_of_the_theme(report, name):
    known = {*dark_values(), "none"}
    for element in report.charts[name].element.iter():
        assert {element.get("fill", "none"), element.get("stroke", "none")} <= known, name


@pytest.mark.parametrize("name", NAMES)
def test_chart__says_what_it_shows_and_uses_only_its_ids(report, name):
    chart = report.charts[name]
    root = chart.element
    assert [root[0].tag, root[1].tag] == ["title", "desc"]
    assert (root[0].text, root[1].text) == (chart.title, chart.description)
    ids = [each.get("id") for each in root.iter() if "id" in each.attrib]
    assert len(set(ids)) == len(ids)
    assert all(each.startswith(f"{name}-") for each in ids)
    used = re.findall(r"url\(#([^)]*)\)", chart.svg)
    assert set(used) <= set(ids)


def test_chart__has_ids_that_no_other_element_of_the_page_has(report):
    ids = re.findall(r'\bid="([^"]*)"', report.html())
    assert len(ids) > len(NAMES)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", NAMES)
def test_chart__has_at_most_one_decimal_in_coordinates(report, name):
    for element in report.charts[name].element.iter():
        for key in ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height"):
            assert not re.search(r"\.\d\d|\de-", element.get(key, "")), name


@pytest.mark.parametrize("name", NAMES)
def test_specification__has_data_only_as_values(report, name):
    """Where the file has no mark, the bound specification is the file: fields, expressions, all."""
    bound = report.charts[name].spec
    file = next(each for each in FILES if same(specification_of(each), bound))
    marked = {key for key, value in keys_of(specification_of(file)) if is_mark(value)}
    assert marked.isdisjoint(EXPRESSIONS)
    assert not [value for _, value in keys_of(without_data(bound)) if is_mark(value)]


FILES = (
    "treemap", "flows", "grid", "distribution", "concentration", "retention", "history", "roi",
    "affinity", "clv-calibration", "clv-tracking",
)  # fmt: skip
EXPRESSIONS = {
    "field", "expr", "signal", "test", "filter", "calculate", "as", "from", "key", "parentKey",
    "events", "update", "url", "href", "$schema",
}  # fmt: skip


def is_mark(value):
    return isinstance(value, str) and value.startswith(MARK)


def same(file, bound):
    """Whether a bound specification differs from its file only in marks and data."""
    if is_mark(file):
        return True
    if isinstance(file, dict):
        more = bound.keys() - file.keys() if isinstance(bound, dict) else {"another type"}
        return more <= {"config", "datasets", "values"} and all(
            key in bound and same(each, bound[key]) for key, each in file.items()
        )
    if isinstance(file, list):
        pairs = isinstance(bound, list) and len(file) == len(bound)
        return pairs and all(map(same, file, bound))
    return type(file) is type(bound) and file == bound


def without_data(spec):
    if isinstance(spec, dict):
        left = spec.keys() - {"datasets", "values", "$schema"}
        return {key: without_data(spec[key]) for key in left}
    return list(map(without_data, spec)) if isinstance(spec, list) else spec


def keys_of(spec, key=""):
    """Yield each value that is neither a list nor a dict, with the key that it belongs to."""
    if isinstance(spec, dict):
        for name, each in spec.items():
            yield from keys_of(each, name)
    elif isinstance(spec, list):
        for each in spec:
            yield from keys_of(each, key)
    else:
        yield key, spec


@pytest.mark.parametrize("name", NAMES)
def test_chart__has_no_address_link_or_image_in_its_specification(report, name):
    spec = report.charts[name].spec
    names = {key for key, _ in keys_of(without_data(spec))}
    assert names.isdisjoint({"url", "href", "loader"})
    marks = {value for key, value in keys_of(without_data(spec)) if key in ("mark", "type")}
    assert "image" not in marks


@pytest.mark.parametrize("name", NAMES)
def test_mime_bundle__compiles_to_the_same_picture(report, name):
    chart = report.charts[name]
    bundle = json.loads(json.dumps(chart._repr_mimebundle_()))
    kind = "vegalite" if is_vega_lite(chart.spec) else "vega"
    spec = bundle.pop(f"application/vnd.{kind}.v6+json")
    assert bundle == {"image/svg+xml": chart.svg, "text/plain": repr(chart)}
    again = finished(rendered(spec, report.language.locale), name, chart.title, chart.description)
    assert ET.tostring(again) == ET.tostring(chart.element)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", ["rf-customers", "rf-spend", "rf-aov", "movement", "cohorts"])
def test_heat_map__has_values_that_fit_into_their_cells(full, name, code):
    full["currency_sign"] = "a long sign of a currency"
    spec = Report(full, code).charts[name].spec
    unit = spec["width"] / spec["layer"][0]["encoding"]["x"]["scale"]["domain"][1]
    for cell in spec["datasets"]["cells"]:
        room = (cell["x1"] - cell["x0"]) * unit
        assert not cell["text"] or width_of(cell["text"], 13, bold=True) <= room, cell


@pytest.mark.parametrize("name", AS_PICTURES)
def test_png__has_twice_the_pixels_and_all_texts(report, name):
    chart = report.charts[name]
    with_texts, without = pixels(chart.png()), pixels(png_of(re.sub(TEXTS, "", chart.svg)))
    _, _, width, height = map(float, chart.element.attrib["viewBox"].split())
    assert with_texts.shape == (round(2 * height), round(2 * width), 3)
    changed = np.abs(with_texts - without).max(axis=2) >= DARK
    n_letters = sum(len(text) for text in re.findall(r">([^<]+)</text>", chart.svg))
    assert changed.sum() >= 20 * n_letters > 0


TEXTS = re.compile(r"(?s)<text\b.*?</text>")


def pixels(png):
    picture = Image.open(io.BytesIO(png))
    assert picture.getchannel("A").getextrema() == (255, 255)  # opaque
    return np.asarray(picture.convert("RGB"), dtype=np.int16)


@pytest.mark.parametrize("name", AS_PICTURES)
def test_pdf__is_one_page(report, name):
    pdf = report.charts[name].pdf()
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    assert b"/Font" in pdf
