"""Files of Delta, Iceberg and Hudi tables are not read as if they were plain files.

Their libraries are imported late, because not every process of the tests needs that second.
"""

from __future__ import annotations

import os
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.errors import UsageError
from rfm_engine.orders.sources.discovery import discover
from rfm_engine.orders.sources.table_formats import DELTA_LOG

ORDERS = pa.table(
    {
        "customer_id": [1, 2, 3, 4] * 3,
        "order_time": pa.array([18_000 + day for day in range(12)], pa.date32()),
        "amount": pa.array(range(12), pa.int64()),
        "shop": ["x", "y"] * 6,
        "year": [2025] * 6 + [2026] * 6,
        "kind": ["web"] * 12,
    }
)
N_LEFT = 9  # after customer 2 is deleted
TABLE = r"orders must be read through the table; got {} in {}\. {}\. as_files=True reads"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def delta(here):
    """A Delta table from which rows were deleted."""
    from deltalake import DeltaTable, write_deltalake

    write_deltalake("shop/orders", ORDERS)
    DeltaTable("shop/orders").delete("customer_id = 2")
    return here / "shop/orders"


@pytest.fixture
def iceberg(here):
    """An Iceberg table from which rows were deleted."""
    from pyiceberg.catalog.sql import SqlCatalog

    places = {"uri": f"sqlite:///{here}/catalog.db", "warehouse": here.as_uri()}
    catalog = SqlCatalog("local", **places)
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.orders", schema=ORDERS.schema)
    table.append(ORDERS)
    table.delete("customer_id = 2")
    yield table
    catalog.close()


def hint_of(refusal):
    """Return the place that a message recommends."""
    return re.search(r"\. Give (.*?)\. as_files", str(refusal.value))[1]


def refused(*inputs):
    with pytest.raises(UsageError, match="orders must be read through the table") as refusal:
        discover(inputs)
    return refusal


def table_in(place):
    """Return the part of a message about the table that a file belongs to."""
    return re.search(r"got (.*?)\. (?:Give|In Python)", str(refused(place).value))[1]


def file_in(folder):
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(ORDERS, folder / "o.parquet")
    return folder / "o.parquet"


@pytest.mark.usefixtures("delta")
@pytest.mark.parametrize(
    "orders", ["shop/orders", "shop/orders/", "shop", "shop/orders/*.parquet", "sho?/**", "./shop"]
)
def test_delta__is_refused_with_a_hint_that_works(orders):
    wanted = TABLE.format("a Delta table", "shop/orders", "Give delta:shop/orders")
    with pytest.raises(UsageError, match=wanted) as refusal:
        rfm.score(orders, as_of="2026-01-01")
    assert rfm.score(hint_of(refusal), as_of="2026-01-01").rows.read == N_LEFT
    assert rfm.score(orders, as_of="2026-01-01", as_files=True).rows.read == len(ORDERS) + N_LEFT


def test_delta__is_refused_by_all_names_of_its_files(delta):
    file = min(delta.glob("*.parquet"))
    (delta.parent / "today.parquet").symlink_to(file)
    (delta.parent / "link").symlink_to(delta)
    for orders in (file, file.relative_to(delta.parent.parent), delta.as_uri(), file.as_uri()):
        assert hint_of(refused(orders)).endswith("shop/orders")
    assert table_in("shop/today.parquet") == "a Delta table in shop/orders"
    assert table_in("shop/link") == "a Delta table in shop/link"
    assert table_in(delta) == f"a Delta table in {delta}"
    os.chdir(delta)
    assert table_in(file.name) == f"a Delta table in {delta.resolve()}"
    os.chdir(delta / DELTA_LOG)
    assert table_in(f"../{file.name}") == f"a Delta table in {delta}"


def test_delta__partitions_are_no_way_around(here):
    from deltalake import write_deltalake

    write_deltalake("shop/orders", ORDERS, partition_by=["year", "kind", "shop"])
    inner = next((here / "shop/orders").glob("*/*/*"))
    for orders in ("shop/orders/year=*/kind=*/shop=*/*.parquet", "shop/orders/*/*", inner):
        assert table_in(orders).startswith("a Delta table in ")
    assert refused("shop/orders/year=2025", "-")


def test_iceberg__is_refused_with_a_hint_that_works(iceberg):
    for orders in ("shop/orders", "shop/orders/data", "shop/*/data/*.parquet"):
        hint = "Give iceberg:CATALOG.TABLE, its name in a catalog"
        wanted = TABLE.format("an Iceberg table", "shop/orders", hint)
        with pytest.raises(UsageError, match=wanted):
            rfm.score(orders, as_of="2026-01-01")
    assert rfm.score(iceberg, as_of="2026-01-01").rows.read == N_LEFT
    assert rfm.score("shop/orders/data", as_of="2026-01-01", as_files=True).rows.read > N_LEFT


def test_hudi__is_refused(here):
    (here / "shop/orders/.hoodie").mkdir(parents=True)
    file_in(here / "shop/orders")
    place = str(here / "shop/orders")
    reader = rf"In Python: rfm\.score\(HudiTableBuilder\.from_base_uri\('{place}'\).*, \.\.\.\)"
    with pytest.raises(UsageError, match=TABLE.format("a Hudi table", "shop/orders", reader)):
        discover(["shop/orders"])
    deep = file_in(here / "shop/orders/2026/01/31/de")
    (deep.parent / ".hoodie_partition_metadata").touch()
    assert table_in(deep) == f"a Hudi table in {place}"
    (here / "shop/orders/.hoodie").rmdir()
    assert table_in(deep) == f"a Hudi table in {deep.parent}"


@pytest.mark.parametrize(
    ("log", "file", "is_table"),
    [
        ("_delta_log", "", True),
        ("_delta_log", "a/b", True),
        ("_delta_log", "a/b/c", False),
        ("_delta_log", "a/b/k=1/l=2/m=3/n=4", True),
        ("k=1/_delta_log", "k=1/l=2", True),
        ("a/_delta_log", "b", False),
        (".hoodie", "a/b", True),
        (".hoodie", "a/b/c", False),
        ("metadata/v1.metadata.json", "", True),
        ("metadata/1.gz.metadata.json", "data/0101/1100/0011/11110000/k=1", True),
        ("metadata/v1.metadata.json.gz", "k=1/l=2", True),
        ("metadata/v1.metadata.json", "a/b", False),
        ("metadata/v1.metadata.json", "a", True),
        ("metadata/notes.json", "data", False),
        ("metadata/old/v1.metadata.json", "data", False),
        ("metadata", "data", False),
        ("data/metadata.json", "data", False),
    ],
)
def test_discover__looks_for_tables_in_the_right_folders(here, log, file, is_table):
    root = here / "lake"
    if "." in log.removeprefix("."):
        (root / log).parent.mkdir(parents=True, exist_ok=True)
        (root / log).touch()
    else:
        (root / log).mkdir(parents=True)
    path = file_in(root / file)
    assert [each.path for each in discover([path], as_files=True)] == [str(path)]
    if is_table:
        assert "lake" in table_in(path)
    else:
        assert [each.path for each in discover([path])] == [str(path)]


def test_discover__a_file_with_the_name_of_a_log_is_none(here):
    path = file_in(here / "data")
    for name in ("metadata", ".hoodie", DELTA_LOG):
        (here / name).touch()
    assert len(discover([path])) == 1


def test_refusal__shows_no_control_characters(here):
    place = "a\x1b[31m\n'b"
    (here / place / DELTA_LOG).mkdir(parents=True)
    file_in(here / place)
    said = str(refused(place).value)
    assert said.isprintable()
    assert "got a Delta table in a\\x1b[31m\\n" in said
    assert "Give delta:a\\x1b[31m\\n'b. " in said


@pytest.mark.usefixtures("delta")
def test_totals_and_states__refuse_tables_and_read_them_as_files_if_asked(here):
    totals = rfm.CustomerTotals(as_of="2026-01-01")
    with pytest.raises(UsageError, match="got a Delta table in shop/orders"):
        totals.update("shop/orders")
    assert totals.rows.read == 0
    other = rfm.CustomerTotals(as_of="2026-01-01", as_files=True)
    other.update("shop/orders")
    totals.merge(other)
    assert totals.rows.read == len(ORDERS) + N_LEFT

    state = rfm.State.create(here / "state")
    with pytest.raises(UsageError, match="got a Delta table in shop/orders"):
        state.ingest("shop/orders")
    assert rfm.State.open(here / "state").summary()["rows"]["read"] == 0
    state = rfm.State.create(here / "other", as_files=True)
    assert state.ingest("shop/orders").rows.read == len(ORDERS) + N_LEFT
    assert state.summary()["options"] == {"as_files": True}


def test_as_files__must_be_a_truth_value():
    with pytest.raises(UsageError, match="as_files must be True or False; got 1"):
        rfm.score(ORDERS, as_of="2026-01-01", as_files=1)
