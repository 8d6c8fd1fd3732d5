"""Damaged and missing metadata of Iceberg tables is refused, and the file is named."""

from __future__ import annotations

from pathlib import Path

import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError, UsageError
from tests.orders.lake import AS_OF, orders

PLACE = "iceberg:lake.shop.orders"


@pytest.fixture
def table(catalog):
    found = catalog.create_table("shop.orders", schema=orders().schema)
    found.append(orders(0, 5))
    found.append(orders(100, 5))
    return found


def manifest_list(table):
    return Path(table.current_snapshot().manifest_list.removeprefix("file://"))


def manifest(table):
    return Path(table.current_snapshot().manifests(table.io)[1].manifest_path[len("file://") :])


def metadata(table):
    return Path(table.metadata_location.removeprefix("file://"))


def at_blocks(content):
    """Return where the first block of an Avro file begins; its mark is also at the end."""
    return content.index(content[-16:]) + 16


def refused(given, error, said):
    with pytest.raises(error, match=said) as found:
        rfm.score(given, as_of=AS_OF)
    assert "\n" not in str(found.value)


DAMAGES = (
    lambda _: b"x\n",
    lambda _: b"",
    lambda whole: whole[:300],
    lambda whole: whole[: at_blocks(whole)],  # `pyiceberg` finds no files in it
    lambda whole: whole[: at_blocks(whole) + 40],  # as here
    lambda whole: whole[: at_blocks(whole) + 9] + b"\xff" * 40 + whole[-50:],
    lambda whole: whole.replace(b'"type"', b'"tpye"'),
    lambda whole: whole.replace(b"avro.schema", b"avro.schem\xff"),
)


def test_iceberg__damaged_manifests_are_named(table):
    for path in (manifest_list(table), manifest(table)):
        whole = path.read_bytes()
        for damage in DAMAGES:
            path.write_bytes(damage(whole))
            for given in (PLACE, table):
                refused(given, DataError, rf"^{path} must have metadata that can be read; got .*\.")
        path.write_bytes(whole)
    assert rfm.score(table, as_of=AS_OF).rows.read == 10


def test_iceberg__damaged_metadata_of_a_table_is_refused(table):
    path = metadata(table)
    whole = path.read_bytes()
    for content in (b"x", b"", whole[:100], whole.replace(b'"', b"\xff", 3), b"{}", b"[1]"):
        path.write_bytes(content)
        refused(PLACE, DataError, rf"^{PLACE} must have metadata that can be read; got ")


def test_iceberg__missing_metadata_is_like_a_missing_file(table):
    for path in (manifest(table), manifest_list(table)):
        path.unlink()
        refused(PLACE, UsageError, rf"^{path} must exist; got no such file")
    metadata(table).unlink()
    refused(PLACE, UsageError, rf"^{PLACE} must have its metadata; got .*\.metadata\.json")


def test_iceberg__a_wrong_filter_is_the_error_of_pyiceberg(table):
    with pytest.raises(ValueError, match="Could not find field with name colour"):
        rfm.score(table.scan("colour = 'red'"), as_of=AS_OF)
