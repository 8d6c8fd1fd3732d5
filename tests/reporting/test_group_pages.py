"""The folder of pages of groups: names of files, the list with links, and what is refused."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.reporting.group_files import file_name
from tests.conftest import DEEP
from tests.reporting.browser import axe_violations, sideways_scroll
from tests.reporting.contrast import text_contrasts
from tests.reporting.shops import ORDERS

END = "2026-03-31"
HOSTILE = [
    "..", ".", "/", "../../etc/passwd", "a/b", "a\\b", "C:\\con", "con", "NUL", "nul\0x", "",
    " ", "index", "no group", "-rf", "~", "$(id)", "x" * 5000, "م" * 300, "متجر الرياض", "seller A",
    "Seller a", "SELLER  A", "Straße", "STRASSE", "café", "cafe\u0301", "\ufb01sh", "fish",
    "<img src=x onerror=alert(1)>", "a?b#c%20", "👍", "a\u202eb", "line\nbreak", b"\xff", b"\\xff",
    b"a", -1, 1, None,
]  # fmt: skip


def test_file_name__is_safe_and_of_one_group():
    names = [file_name(group) for group in HOSTILE]
    # Also on disks that ignore case.
    assert len({name.casefold() for name in names}) == len(HOSTILE)
    for name in names:
        assert re.fullmatch(r"[^\W_][\w-]*\.html", name), name
        assert len(name.encode()) <= 98
        assert name == name.lower()
        assert name != "index.html"


def test_file_name__can_be_read():
    assert file_name("Seller A").startswith("seller-a-")
    assert file_name("متجر الرياض").startswith("متجر-الرياض-")
    assert file_name(None) == "no-group.html"


def orders_of_sellers(sellers: dict[str | None, int]) -> pa.Table:
    """Return three orders each of some customers of sellers, given their numbers."""
    rows = [(n, seller) for seller, most in sellers.items() for n in range(most)] * 3
    return pa.table({
        "customer_id": [n for n, _ in rows],
        "order_time": [datetime(2026, 1, 1 + place % 31) for place in range(len(rows))],
        "amount": [float(1 + place % 17) for place in range(len(rows))],
        "seller": [seller for _, seller in rows],
    })  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    """The pages of two hostile groups and of no group."""
    folder = tmp_path_factory.mktemp("pages")
    sellers = {"<img src=x onerror=alert(1)>": 30, "../متجر " + "x" * 300: 20, None: 20}
    result = rfm.score(orders_of_sellers(sellers), as_of=END, by="seller")
    found = rfm.group_reports(result, title="Shop", currency_sign="€").save(folder / "each")
    assert sorted(found) == sorted({*(folder / "each").iterdir()} - {folder / "each/index.html"})
    return folder / "each"


def test_save__writes_a_list_with_links(pages):
    text = (pages / "index.html").read_text("utf-8")
    links = re.findall(r'<a href="\./([^"]*)"', text)
    assert {unquote(link) for link in links} | {"index.html"} == {
        place.name for place in pages.iterdir()
    }
    assert "no seller" in text
    assert "3 of 3 groups have a page" in text
    assert "<img" not in text


def test_save__names_the_group_on_its_page_and_what_is_not_known(pages):
    text = (pages / "no-group.html").read_text("utf-8")
    assert "<title>Shop: no seller</title>" in text
    assert "only those of this value of seller" in text
    assert "only known for all groups together" in text


@pytest.mark.parametrize("dark", [False, True] if DEEP else [True])
def test_pages__have_no_fault(pages, open_page, dark):
    for place in [pages / "index.html", *pages.glob("img*.html")]:
        opened = open_page(place, 400, dark=dark)
        assert axe_violations(opened) == []
        assert sideways_scroll(opened) == []
        assert min(text.ratio for text in text_contrasts(opened)) >= 4.5
        assert opened.complaints() == []


def test_save__replaces_pages_and_nothing_else(tmp_path):
    result = rfm.score(ORDERS, as_of=END, by="shop")
    folder = tmp_path / "each"
    both = rfm.group_reports(result).save(folder)
    [one] = rfm.group_reports(result, top=1).save(folder)
    assert one in both
    assert sorted(each.name for each in folder.iterdir()) == sorted([one.name, "index.html"])
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(rfm.UsageError, match="folder must be new, empty"):
        rfm.group_reports(result).save(folder)
    assert len([*folder.iterdir()]) == 3


def test_save__refuses_a_missing_parent(tmp_path):
    result = rfm.score(ORDERS, as_of=END, by="shop")
    with pytest.raises(rfm.UsageError, match="parent of folder must exist"):
        rfm.group_reports(result).save(tmp_path / "none" / "each")


def test_save__hides_small_counts_and_small_groups(tmp_path):
    orders = orders_of_sellers({"large": 30, "small": 4})
    result = rfm.score(orders, as_of=END, by="seller")
    [page] = rfm.group_reports(result, min_cell=5).save(tmp_path / "each")
    assert page.name.startswith("large-")
    for place in (tmp_path / "each").iterdir():
        assert not re.search(r'<data value="[1-4]">', place.read_text("utf-8"))
    assert "1 of 2 groups has a page" in (tmp_path / "each" / "index.html").read_text("utf-8")
