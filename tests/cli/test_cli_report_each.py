"""`rfm report --each`: a folder of pages of groups."""

from __future__ import annotations

import pytest

import rfm_engine
from tests.reporting.shops import ORDERS


@pytest.fixture
def shops(tmp_path):
    """Customers of two shops, also scored together."""
    place = tmp_path / "shops.parquet"
    rfm_engine.score(ORDERS, as_of="2026-03-31", by="shop", overall=True, output=place)
    return place


def test_each__writes_a_page_per_group_beside_the_report(rfm, shops, tmp_path):
    found = rfm("report", shops, "-o", tmp_path / "r.html", "--each", tmp_path / "each", "--top", 1)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.splitlines() == [
        f"{tmp_path}/r.html", f"1 page of groups in {tmp_path}/each",
    ]  # fmt: skip
    names = sorted(place.name[:2] for place in (tmp_path / "each").iterdir())
    assert names == ["a-", "in"]
    assert (tmp_path / "r.html").exists()


def test_each__can_be_alone(rfm, shops, tmp_path):
    found = rfm("report", shops, "--each", tmp_path / "each", "--quiet")
    assert (found.exit_code, found.stdout) == (0, "")
    assert len([*(tmp_path / "each").iterdir()]) == 3


def test_each__without_groups_is_refused(rfm, tmp_path):
    place = tmp_path / "all.parquet"
    rfm_engine.score(ORDERS, as_of="2026-03-31", output=place)
    found = rfm("report", place, "-o", tmp_path / "r.html", "--each", tmp_path / "each")
    assert found.exit_code == 2
    assert "Score with --by" in found.stderr
    assert [*tmp_path.iterdir()] == [place]


def test_each__of_a_report_document_is_refused(rfm, shops, tmp_path):
    document = tmp_path / "report.json"
    assert rfm("report", shops, "-o", document).exit_code == 0
    found = rfm("report", document, "--each", tmp_path / "each")
    assert found.exit_code == 2
    assert "snapshot" in found.stderr
    assert not (tmp_path / "each").exists()
