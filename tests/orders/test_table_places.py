"""Places of tables are parsed as they are typed; only numbers after the last @ are versions."""

from __future__ import annotations

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.orders.sources.table_places import DeltaPlace, IcebergPlace, table_place

PLACES = {
    "delta:shop/orders": DeltaPlace("shop/orders"),
    "delta:shop/orders@0": DeltaPlace("shop/orders", version=0),
    "delta:shop/orders@41": DeltaPlace("shop/orders", version=41),
    "delta:shop/orders@41..47": DeltaPlace("shop/orders", versions=(41, 47)),
    "delta:shop/orders@41..41": DeltaPlace("shop/orders", versions=(41, 41)),
    "delta:a@b/orders": DeltaPlace("a@b/orders"),
    "delta:a@1/orders": DeltaPlace("a@1/orders"),
    "delta:a@1@2": DeltaPlace("a@1", version=2),
    "delta:/a b/ö": DeltaPlace("/a b/ö"),
    "delta:abfss://c@a.dfs.core.windows.net/t": DeltaPlace("abfss://c@a.dfs.core.windows.net/t"),
    "delta:s3://shop/orders?region=x@7": DeltaPlace("s3://shop/orders?region=x", version=7),
    "delta:a@9223372036854775807": DeltaPlace("a", version=2**63 - 1),
    "iceberg:lake.orders": IcebergPlace("lake", "orders"),
    "iceberg:lake.shop.eu.orders": IcebergPlace("lake", "shop.eu.orders"),
    "iceberg:lake.orders@6213": IcebergPlace("lake", "orders", 6213),
    "iceberg:lake.orders@2026-10": IcebergPlace("lake", "orders", "2026-10"),
    "iceberg:lake.orders@1" + "0" * 5000: IcebergPlace("lake", "orders", "1" + "0" * 5000),
}
REFUSED = {
    "delta:": "must be followed by the path of a table",
    "delta:@41": "must be followed by the path of a table",
    "delta:shop@": "a version after @",
    "delta:shop@41..": "both ends of a range",
    "delta:shop@..47": "both ends of a range",
    "delta:shop@47..41": r"Write @41\.\.47\.",
    "delta:shop@9223372036854775808": "a version below",
    "delta:shop@1" + "0" * 5000: "a version below",
    "iceberg:orders": r"CATALOG\.TABLE",
    "iceberg:.orders": r"CATALOG\.TABLE",
    "iceberg:lake.": r"CATALOG\.TABLE",
    "iceberg:lake..orders": r"CATALOG\.TABLE",
    "iceberg:lake.orders@": "a snapshot after @",
}


@pytest.mark.parametrize("text", PLACES)
def test_table_place__parses_path_and_version(text):
    assert table_place(text) == PLACES[text]


@pytest.mark.parametrize("text", [text for text in PLACES if "?" not in text])
def test_table_place__has_the_typed_text_as_its_name(text):
    assert table_place(text).name == text


def test_table_place__hides_the_passwords_in_a_uri():
    place = table_place("delta:s3://key:secret@shop/orders?access_key=x@7")
    assert place.path == "s3://key:secret@shop/orders?access_key=x"
    assert place.name == "delta:s3://shop/orders@7"


@pytest.mark.parametrize("text", ["orders.parquet", "s3://a/b", "-", "", "./delta:x", "Delta:x"])
def test_table_place__leaves_other_inputs_alone(text):
    assert table_place(text) is None


@pytest.mark.parametrize("text", REFUSED)
def test_table_place__refuses_incomplete_places(text):
    with pytest.raises(UsageError, match=REFUSED[text]) as refusal:
        table_place(text)
    assert len(str(refusal.value)) < 400
