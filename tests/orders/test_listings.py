"""Tables in object stores are recognised with only a few listings.

Libraries are imported late, because not every process of the tests needs that second.
"""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

import rfm_engine as rfm
from rfm_engine.errors import RfmError, UsageError
from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.discovery import discover
from rfm_engine.orders.sources.listings import Listings
from rfm_engine.orders.sources.table_formats import refuse_tables

ORDERS = pa.table(
    {
        "customer_id": [1, 2, 3] * 4,
        "order_time": pa.array(range(18_000, 18_012), pa.date32()),
        "amount": pa.array(range(12), pa.int64()),
    }
)


class Counted:
    """A file system that counts requests and fails for paths that contain a given text."""

    def __init__(self, place, failure=None, where=""):
        self.filesystem = fs.SubTreeFileSystem(str(place), fs.LocalFileSystem())
        self.failure, self.where = failure, where
        self.n = 0

    def get_file_info(self, wanted):
        self.n += 1
        place = wanted.base_dir if isinstance(wanted, fs.FileSelector) else str(wanted)
        if self.failure and self.where in place:
            raise self.failure
        return self.filesystem.get_file_info(wanted)


def make(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def refuse(listings, *folders):
    refuse_tables(folders, listings, lambda path: f"s3://{path}")


def test_listings__have_the_answer_for_all_folders_below_them(tmp_path):
    days = [f"b/t/{year}/{month}/{day}" for year in "123" for month in "456" for day in "789"]
    make(tmp_path, *(f"{day}/o.parquet" for day in days), "b/t/metadata/notes.txt")
    store = Counted(tmp_path)
    listings = Listings(store, "s3", {})
    listings.get_file_info(fs.FileSelector("b/t", recursive=True))
    refuse(listings, *days)
    assert store.n == 1
    refuse(listings, "b/t")  # requests the folder b above
    assert store.n == 4
    refuse(listings, "b/t", *days)
    assert store.n == 4


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("b/t/_delta_log/0.json", "a Delta table in s3://b/t"),
        ("b/_delta_log/_last_checkpoint", "a Delta table in s3://b"),
        ("b/t/.hoodie/hoodie.properties", "a Hudi table in s3://b/t"),
        ("b/t/k=1/.hoodie_partition_metadata", "a Hudi table in s3://b/t/k=1"),
        ("b/t/metadata/v1.metadata.json", "an Iceberg table in s3://b/t"),
        ("b/metadata/v1.metadata.json", "an Iceberg table in s3://b"),
        ("b/t/metadata/old/v1.metadata.json", None),
        ("b/t/u/metadata/_delta_log/0.json", None),
    ],
)
@pytest.mark.parametrize(
    "selector",
    [None, fs.FileSelector("b/t", recursive=True), fs.FileSelector("b/t"), fs.FileSelector("b/")],
    ids=["one file", "all files", "a folder", "the bucket"],
)
def test_listings__and_questions_find_the_same_tables(tmp_path, log, name, selector):
    make(tmp_path, log, "b/t/k=1/o.parquet", "b/t/o.parquet")
    listings = Listings(Counted(tmp_path), "s3", {})
    if selector is not None:
        listings.get_file_info(selector)
    if name is None:
        refuse(listings, "b/t", "b/t/k=1")
    else:
        with pytest.raises(UsageError, match=f"got {name}\\. (Give|In Python)"):
            refuse(listings, "b/t", "b/t/k=1")


def test_questions__are_asked_once_for_all_inputs(tmp_path):
    make(tmp_path, "b/t/o.parquet")
    store, asked = Counted(tmp_path), {}
    for _ in range(5):
        refuse(Listings(store, "s3?region=x", asked), "b/t")
    once = store.n
    refuse(Listings(store, "s3?region=y", asked), "b/t")
    assert (once, store.n) == (7, 14)


@pytest.mark.parametrize(
    "failure",
    [
        OSError("AWS Error ACCESS_DENIED during ListObjectsV2 operation: no"),
        OSError("Azure Error: [AuthorizationPermissionMismatch] 403 Forbidden"),
        PermissionError(13, "google::cloud::Status(PERMISSION_DENIED: no)"),
    ],
)
def test_questions__that_are_denied_leave_the_files_readable(tmp_path, failure):
    make(tmp_path, "b/t/o.parquet", "b/_delta_log/0.json")
    refuse(Listings(Counted(tmp_path, failure, "_delta_log"), "s3", {}), "b/t")


def test_questions__that_fail_are_not_taken_for_no(tmp_path):
    make(tmp_path, "b/t/o.parquet")
    store = Counted(tmp_path, OSError("AWS Error NETWORK_CONNECTION"), "_delta_log")
    refusal = pytest.raises(RfmError, match=r"s3://b/t must be reachable; got AWS Error NETWORK")
    with refusal, remote.reaching("s3://b/t"):
        refuse(Listings(store, "s3", {}), "b/t")


@pytest.fixture(scope="module")
def s3():
    """Return the URI of a bucket on our own server."""
    from deltalake import DeltaTable, write_deltalake
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "local")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        patch.setenv("AWS_ALLOW_HTTP", "true")
        filesystem, _ = fs.FileSystem.from_uri("s3://lake?allow_bucket_creation=true")
        filesystem.create_dir("lake")
        pq.write_table(ORDERS, "lake/plain/k=1/o.parquet", filesystem=filesystem)
        write_deltalake("s3://lake/shop/orders", ORDERS)
        DeltaTable("s3://lake/shop/orders").delete("customer_id = 2")
        yield filesystem
    server.stop()


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    "orders",
    ["s3://lake/shop/orders", "s3://lake/shop", "s3a://lake/*/orders/*.parquet", "s3n://lake"],
)
def test_s3__tables_are_refused_with_a_hint_that_works(orders):
    from deltalake import DeltaTable

    hint = r"got a Delta table in s3://lake/shop/orders\. Give delta:s3://lake/shop/orders\."
    with pytest.raises(UsageError, match=hint):
        rfm.score(orders, as_of="2026-01-01")
    for table in ("delta:s3://lake/shop/orders", DeltaTable("s3://lake/shop/orders")):
        result = rfm.score(table, as_of="2026-01-01")
        assert result.rows.read == 8
        assert result.options["tables"] == ["delta:s3://lake/shop/orders@1"]
    everything = rfm.score("s3a://lake/shop/orders", as_of="2026-01-01", as_files=True)
    assert everything.rows.read == 20


@pytest.mark.usefixtures("s3")
def test_s3__a_version_of_a_table_is_read_with_the_options_of_its_uri(monkeypatch):
    host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    options = f"scheme=http&region=us-east-1&endpoint_override={host}"
    place = f"delta:s3://local:secret@lake/shop/orders?{options}@0"
    result = rfm.score(place, as_of="2026-01-01")
    assert result.rows.read == len(ORDERS)
    assert result.options["tables"] == ["delta:s3://lake/shop/orders@0"]
    with pytest.raises(UsageError, match=r"delta:s3://lake/shop/orders@7 must be a version") as no:
        rfm.score(place.replace("@0", "@7"), as_of="2026-01-01")
    assert "secret" not in str(no.value)
    with pytest.raises(UsageError, match="must be a Delta table; got no _delta_log in s3://lake/p"):
        rfm.score(f"delta:s3://local:s@lake/plain?{options}", as_of="2026-01-01")


def test_s3__iceberg_tables_are_read_with_the_connection_of_their_catalog(s3, tmp_path):
    from pyiceberg.catalog.sql import SqlCatalog

    places = {"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": "s3://lake/warehouse"}
    connection = {"s3.endpoint": os.environ["AWS_ENDPOINT_URL"], "s3.region": "us-east-1"}
    catalog = SqlCatalog("local", **places, **connection)
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.orders", schema=ORDERS.schema)
    table.append(ORDERS)
    own, some = (result_at(each) for each in (table, table.scan(row_filter="customer_id = 3")))
    assert own.rows == result_at(ORDERS).rows
    assert some.rows.read == 4
    assert own.cuts == result_at(ORDERS).cuts
    infos = s3.get_file_info(fs.FileSelector("lake/warehouse", recursive=True))
    for info in infos:
        if info.path.endswith(".parquet"):
            s3.delete_file(info.path)
    for each in (table, table.scan(row_filter="customer_id = 3")):
        with pytest.raises(
            RfmError, match=r" s3://lake/warehouse/.*\.parquet\.|^s3:.*\.parquet must "
        ):
            result_at(each)
    catalog.close()


def result_at(orders):
    return rfm.score(orders, as_of="2026-01-01")


def test_s3__one_file_of_a_table_is_refused(s3):
    infos = s3.get_file_info(fs.FileSelector("lake/shop/orders"))
    [*_, file] = sorted(info.path for info in infos if info.is_file)
    with pytest.raises(UsageError, match="got a Delta table in s3://lake/shop/orders"):
        discover([f"s3://{file}"])


@pytest.mark.usefixtures("s3")
def test_s3__plain_files_are_read_by_hadoops_names_too():
    for scheme in ("s3", "s3a", "s3n"):
        for place in ("plain", "plain/k=*/*.parquet", "plain/k=1/o.parquet"):
            [file] = discover([f"{scheme}://lake/{place}"])
            assert (file.name, file.keys) == ("s3://lake/plain/k=1/o.parquet", {"k": "1"})
    with pytest.raises(UsageError, match="must be given once"):
        discover(["s3://lake/plain", "s3a://lake/plain/*"])


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("s3://", "bucket"),
        ("s3:///", "bucket"),
        ("s3://?region=x", "bucket"),
        ("s3a://", "bucket"),
        ("s3://key:secret@", "bucket"),
        ("s3://*", "bucket"),
        ("s3://lake*/orders/*.parquet", "bucket"),
        ("gs://", "bucket"),
        ("gs://anonymous@/", "bucket"),
        ("gcs://", "bucket"),
        ("abfs://", "container"),
        ("abfss://", "container"),
        ("abfs://account.dfs.core.windows.net", "container"),
        ("abfss://account.blob.core.windows.net/", "container"),
        ("abfs://*@account.dfs.core.windows.net/", "container"),
    ],
)
def test_remote__a_uri_without_a_bucket_is_refused(place, what):
    with pytest.raises(UsageError, match=f"must name a {what}, .* got none"):
        discover([place])
