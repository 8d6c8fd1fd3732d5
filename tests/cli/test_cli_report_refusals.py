"""`rfm report` refuses options that would have no effect."""

from __future__ import annotations

import pytest

import rfm_engine
from tests.reporting.shops import ORDERS


@pytest.fixture
def snapshot(tmp_path):
    place = tmp_path / "customers.parquet"
    rfm_engine.score(ORDERS, as_of="2026-03-31", output=place)
    return place


@pytest.fixture
def history(tmp_path):
    place = tmp_path / "history"
    rfm_engine.History.create(place).add(ORDERS, as_of="2026-03-31")
    return place


@pytest.fixture
def document(rfm, snapshot, tmp_path):
    place = tmp_path / "report.json"
    assert rfm("report", snapshot, "--min-cell", 2, "-o", place).exit_code == 0
    return place


def test_report__refuses_a_typed_column_that_is_not_that_of_the_snapshot(rfm, snapshot):
    assert rfm("report", snapshot, "--json", "--customer", "customer_id").exit_code == 0
    found = rfm("report", snapshot, "--json", "--customer", "shop")
    assert found.exit_code == 2
    assert "--customer must be 'customer_id'" in found.stderr


def test_report__refuses_a_typed_column_that_is_not_that_of_the_history(rfm, history):
    found = rfm("report", history, "--json", "--customer", "shop")
    assert found.exit_code == 4
    assert "--customer" in found.stderr


def test_report__of_a_document_refuses_columns(rfm, document):
    found = rfm("report", document, "--json", "--customer", "customer_id")
    assert found.exit_code == 2
    assert "--customer must be used with a snapshot" in found.stderr


def test_report__of_a_document_cannot_hide_more_counts(rfm, document):
    assert rfm("report", document, "--json", "--min-cell", 2).exit_code == 0
    found = rfm("report", document, "--json", "--min-cell", 3)
    assert found.exit_code == 2
    assert "--min-cell must be at most that of the report document, 2; got 3" in found.stderr


def test_report__never_replaces_what_it_reads(rfm, snapshot, history, tmp_path):
    earlier, orders, logo = tmp_path / "b.html", tmp_path / "o.json", tmp_path / "roi.svg"
    for place in (earlier, orders):
        place.write_bytes(snapshot.read_bytes())
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', "utf-8")
    refused = [
        (snapshot, "--before", earlier, "-o", earlier), (snapshot, "--rows", orders, "-o", orders),
        (snapshot, "--rows", tmp_path / "*.json", "-o", orders),
        (snapshot, "--logo", logo, "--charts", tmp_path), (history, "--charts", history / "charts"),
    ]  # fmt: skip
    for words in refused:
        found = rfm("report", *words)
        assert found.exit_code == 2, words
        assert "must not" in found.stderr
    assert earlier.read_bytes() == orders.read_bytes() == snapshot.read_bytes()
    assert not (history / "charts").exists()


def test_report__takes_a_logo_with_a_plain_doctype(rfm, snapshot, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text(
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">'
        '<svg xmlns="http://www.w3.org/2000/svg"/>', "utf-8",
    )  # fmt: skip
    assert rfm("report", snapshot, "--json", "--logo", logo).exit_code == 0
