"""Draw the pictures of the gallery: `python -m tests.docs.gallery`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import rfm_engine as rfm
from tests.docs.example_report import example_report
from tests.docs.pages import ROOT

GALLERY = ROOT / "docs" / "report"
PAGE = GALLERY / "index.md"
# The other charts look like one of these.
PICTURES = (
    "treemap-customers", "treemap-spend", "rf-customers", "dist-frequency", "concentration",
    "movement", "flows", "retention", "cohorts", "history", "affinity", "roi",
    "clv-calibration", "clv-tracking",
)  # fmt: skip
MOST_BYTES = 150_000


def content_of(svg: str) -> list[tuple[str, str | None, str | None]]:
    """Return what a picture shows: its marks, their colours and their texts.

    Coordinates are left out, because they depend on the fonts of the machine.
    """
    marks = ET.fromstring(svg).iter()
    return [(mark.tag.rpartition("}")[2], mark.get("fill"), mark.text) for mark in marks]


def draw(report: rfm.Report) -> None:
    """Write the pictures of a report to the folder of the gallery."""
    for name in PICTURES:
        (GALLERY / f"{name}.svg").write_text(report.charts[name].svg)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        draw(example_report(Path(folder)))
