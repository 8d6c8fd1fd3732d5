"""Lists that other programs wrote than the orders are read as they are written."""

from __future__ import annotations

import gzip

import pytest

from rfm_engine.orders.csv_format import CsvFormat
from rfm_engine.orders.sources.entry import files_of
from rfm_engine.query.csv_files import csv_format_of

PLAIN, GERMAN = CsvFormat(), CsvFormat(delimiter=";", encoding="latin-1")


@pytest.mark.parametrize(
    ("content", "orders", "wanted"),
    [
        ("customer_id,email\nZoë,a\n".encode(), PLAIN, (",", "utf-8")),
        ("customer_id,email\nZoë,a\n".encode(), GERMAN, (",", "utf-8")),
        ("customer_id;email\nZoë;a\n".encode(), GERMAN, (";", "utf-8")),
        ("customer_id;email\nZoë;a\n".encode("latin-1"), GERMAN, (";", "latin-1")),
        ("customer_id,email\nZoë,a\n".encode("latin-1"), GERMAN, (",", "latin-1")),
        (b"customer_id;email\n", PLAIN, (";", "utf-8")),
        (b"customer_id\temail\n", PLAIN, ("\t", "utf-8")),
        (b"customer_id\n1\n", GERMAN, (";", "utf-8")),
        (b"customer_id\n1;2\n", PLAIN, (",", "utf-8")),
        (b"", GERMAN, (";", "utf-8")),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_format__is_that_of_the_file(tmp_path, content, orders, wanted, ending):
    place = tmp_path / f"list{ending}"
    place.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    found = csv_format_of(files_of(place) or [], orders)
    assert (found.delimiter, found.encoding) == wanted


def test_format__of_other_files_is_that_of_the_orders(tmp_path):
    place = tmp_path / "list.parquet"
    place.write_bytes(b"a,b\n")
    assert csv_format_of(files_of(place) or [], GERMAN) == GERMAN
