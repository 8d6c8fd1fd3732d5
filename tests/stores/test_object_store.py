"""Orders in an object store give the same result as the same orders on this machine."""

from __future__ import annotations

import urllib.request

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

import rfm_engine as rfm
from rfm_engine.errors import RfmError, UsageError
from tests.stores.flaky import BUCKET, environment_of
from tests.stores.inputs import AS_OF, OBJECTS, ORDERS, customers_of, table_bytes


@pytest.fixture(scope="module")
def endpoint():
    """Yield the address of a store with every format and a tree of partitions."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    store = fs.S3FileSystem(
        access_key="key",
        secret_key="secret",
        region="us-east-1",
        endpoint_override=f"http://{host}:{port}",
        allow_bucket_creation=True,
    )
    store.create_dir(BUCKET)
    half = ORDERS.num_rows // 2
    tree = {
        f"tree/shop={shop}/part-0.parquet": table_bytes(ORDERS.slice(shop * half, half))
        for shop in (0, 1)
    }
    for name, held in {**OBJECTS, **tree, "tree/_SUCCESS": b""}.items():
        with store.open_output_stream(f"{BUCKET}/{name}", compression=None) as out:
            out.write(held)
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint, monkeypatch):
    """Direct S3 clients to the store."""
    for name, value in environment_of(endpoint).items():
        monkeypatch.setenv(name, value)
    return endpoint


def ask_for_credentials(endpoint, after):
    """Let the store refuse unknown keys after some requests."""
    asking = urllib.request.Request(
        f"{endpoint}/moto-api/reset-auth",
        data=str(after).encode(),
        headers={"Content-Type": "text/plain"},
    )
    urllib.request.urlopen(asking).close()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", [*OBJECTS, "tree", "tree/", "tree/shop=*/*.parquet", "tree/**"])
def test_score__of_a_store_is_that_of_a_file(name):
    assert customers_of(f"s3://{BUCKET}/{name}") == customers_of(ORDERS)


@pytest.mark.usefixtures("store")
def test_score__knows_the_partitions_of_a_store():
    half = ORDERS.slice(0, ORDERS.num_rows // 2)
    assert customers_of(f"s3://{BUCKET}/tree", where="shop=0") == customers_of(half)


def test_uris__keep_their_options(store, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    host = store.removeprefix("http://")
    for query in (
        f"scheme=http&endpoint_override={host}&region=eu-west-1",
        f"endpoint_override=http%3A%2F%2F{host}",
        f"scheme=http&endpoint_override={host}&tls_verify_certificates=false",
    ):
        uri = f"s3://{BUCKET}/orders.parquet?{query}"
        assert customers_of(uri) == customers_of(ORDERS)
        assert customers_of(uri.replace("://", "://key:secret@")) == customers_of(ORDERS)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("place", ["shop/none.parquet", "none/orders.parquet", "none/*", "none"])
def test_missing_keys_and_buckets__are_usage_errors(rfm_process, tmp_path, place):
    with pytest.raises(
        UsageError, match=f"^s3://{place.replace('*', '[*]')} must exist; got no such"
    ):
        rfm.score(f"s3://{place}", as_of=AS_OF)
    if place == "none/*":
        run = rfm_process("score", f"s3://{place}", "-o", tmp_path / "out.parquet")
        assert (run.returncode, run.stdout) == (2, b"")
        assert run.stderr == (
            b"error: s3://none/* must exist; got no such file or folder. Check the path.\n"
        )


def test_wrong_credentials__are_of_the_machine(store):
    ask_for_credentials(store, after=0)
    try:
        with pytest.raises(RfmError, match=r"must be reachable; got .* AWS Error ") as caught:
            rfm.score(f"s3://{BUCKET}/orders.parquet", as_of=AS_OF)
    finally:
        ask_for_credentials(store, after=1_000_000)
    assert caught.type is RfmError
    assert str(caught.value).endswith(" Check the network, the credentials and the region.")


@pytest.mark.usefixtures("store")
def test_state__takes_each_file_of_a_store_once(tmp_path):
    state = rfm.State.create(tmp_path / "state", amount_scale=0)
    first = state.ingest(f"s3://{BUCKET}/tree/shop=0/part-0.parquet")
    both = state.ingest(f"s3://{BUCKET}/tree", store_timeout=20)
    assert (first.rows.counted, both.rows.counted) == (1_500, 1_500)
    assert list(both.skipped) == [f"s3://{BUCKET}/tree/shop=0/part-0.parquet"]
    assert customers_of(state.path) == customers_of(ORDERS)
