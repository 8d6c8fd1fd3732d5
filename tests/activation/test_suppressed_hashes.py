"""A suppressed SHA-256 is found however its cell is written, in contacts and in lists."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import rfm_engine
from tests.activation import audience_shop as shop
from tests.activation.reference_contacts import sha
from tests.covering import covering

DIGITS = sha("ann@example.com")
CELLS = [DIGITS, DIGITS.upper(), f"{DIGITS} ", f"\u00a0{DIGITS.upper()}\t", f"\u200b{DIGITS}"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("hashes")
    place.chmod(0o700)
    shop.snapshot(place / "customers.parquet")
    return place


def written(folder, name, **columns):
    table = pa.table(columns)
    place = folder / name
    if name.endswith(".csv"):
        pyarrow.csv.write_csv(table, place)
    else:
        pq.write_table(table, place)
    return place


@pytest.mark.parametrize(
    ("ending", "kind", "column"),
    covering(["csv", "parquet"], ["email", "phone"], ["hash", "same", "plain"]),
)
def test_hashes__that_are_suppressed_are_not_written(folder, ending, kind, column):
    ids = [f"c{n:02}" for n in range(1, len(CELLS) + 1)]
    value = {kind: CELLS}
    people = written(folder, f"people.{ending}", customer_id=ids, consent_ads=["1"] * 5, **value)
    cells = ["Ann@example.com "] if column == "plain" else CELLS
    if column == "plain" and kind == "phone":
        cells = CELLS[1:2]
    for cell in cells:
        name = "hash" if column == "hash" else kind
        listed = written(folder, f"suppress.{ending}", **{name: [cell]})
        found = rfm_engine.audience(
            folder / "customers.parquet", who="monetary >= 0", platform="meta", contacts=people,
            suppress=listed, output=folder / "list.csv",
        )  # fmt: skip
        assert found.counts["consented"] == len(CELLS)
        assert found.counts["not_suppressed"] == found.rows == 0
