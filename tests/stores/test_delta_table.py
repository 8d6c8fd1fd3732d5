"""Versions of a Delta table in an object store are added to a state as those on this machine.

`deltalake` is imported late, because not every process of the tests needs it.
"""

from __future__ import annotations

import json

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

import rfm_engine as rfm
from rfm_engine.errors import RfmError, UsageError
from rfm_engine.orders.sources import remote
from tests.stores.flaky import BUCKET, environment_of
from tests.stores.inputs import AS_OF, ORDERS

HALF = 150
OTHER = "another-bucket"


def with_absolute_paths(log, place):
    """Return a file of a log whose data files have URIs, as that of a shallow clone has."""
    actions = [json.loads(line) for line in log.splitlines()]
    for action in actions:
        if "add" in action:
            action["add"]["path"] = f"{place}/{action['add']['path']}"
    return "\n".join(map(json.dumps, actions)).encode()


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Write a table of two versions with a partition."""
    from deltalake import write_deltalake

    folder = tmp_path_factory.mktemp("lake")
    for n, shop in enumerate(("a b/ö", "x=1")):
        rows = ORDERS.slice(n * HALF, HALF)
        rows = rows.append_column("shop", [[shop] * HALF])
        write_deltalake(folder / "orders", rows, mode="append", partition_by=["shop"])
    return folder


@pytest.fixture(scope="module")
def endpoint(lake):
    """Yield the address of a store with a copy of the table."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    store = fs.S3FileSystem(
        access_key="key",
        secret_key="secret",
        region="us-east-1",
        endpoint_override=address,
        allow_bucket_creation=True,
    )
    for bucket in (BUCKET, OTHER):
        store.create_dir(bucket)
    for file in lake.rglob("*"):
        if file.is_file():
            for bucket in (BUCKET, OTHER):
                with store.open_output_stream(f"{bucket}/{file.relative_to(lake)}") as out:
                    out.write(file.read_bytes())
    for bucket in (BUCKET, OTHER):
        for scheme in ("s3", "s3a"):
            for log in sorted((lake / "orders" / "_delta_log").glob("*.json")):
                place = f"{BUCKET}/clone-{scheme}-{bucket}/_delta_log/{log.name}"
                with store.open_output_stream(place) as out:
                    out.write(with_absolute_paths(log.read_text(), f"{scheme}://{bucket}/orders"))
    yield address
    server.stop()


@pytest.fixture
def store(endpoint, monkeypatch):
    """Direct clients to the store, those of `deltalake` too."""
    for name, value in {**environment_of(endpoint), "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)
    return endpoint


def state_of(place):
    return rfm.State.create(place, amount_scale=0, by="shop")


def totals(state):
    keys = [("customer_id", "ascending"), ("shop", "ascending")]
    return state.totals(as_of=AS_OF).finish().sort_by(keys)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("version", ["@0..1", ""])
def test_table__in_a_store_is_that_of_this_machine(lake, tmp_path, version):
    here, there = state_of(tmp_path / "here"), state_of(tmp_path / "there")
    here.ingest(f"delta:{lake}/orders{version}")
    done = there.ingest(f"delta:s3a://{BUCKET}/orders/{version}")
    assert done.batch == f"delta:s3://{BUCKET}/orders@1"
    assert totals(there).equals(totals(here))
    again = there.ingest(f"delta:{lake}/orders@0..1")
    assert (again.batch, len(again.skipped)) == (None, 2)


def test_uri__keeps_its_options_and_hides_them(store, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    host = store.removeprefix("http://")
    uri = f"s3://key:secret@{BUCKET}/orders?scheme=http&endpoint_override={host}&region=us-east-1"
    state = state_of(tmp_path / "state")
    assert state.ingest(f"delta:{uri}@1..1").batch == f"delta:s3://{BUCKET}/orders@1"
    with pytest.raises(UsageError) as caught:
        state.ingest(f"delta:{uri}@1..7")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("bucket", [BUCKET, OTHER])
@pytest.mark.parametrize(("scheme", "logged"), [("s3", "s3a"), ("s3a", "s3"), ("s3", "s3")])
def test_files__with_absolute_paths_are_found_with_the_options_of_the_table(
    lake, store, monkeypatch, tmp_path, bucket, scheme, logged
):
    connected, connect = [], remote.connect

    def counted(uri, *rest):
        connected.append(uri)
        return connect(uri, *rest)

    monkeypatch.setattr(remote, "connect", counted)
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    host = store.removeprefix("http://")
    options = f"?scheme=http&endpoint_override={host}&region=us-east-1"
    clone = f"delta:{scheme}://key:secret@{BUCKET}/clone-{logged}-{bucket}{options}"
    here, there = state_of(tmp_path / "here"), state_of(tmp_path / "there")
    here.ingest(f"delta:{lake}/orders")
    there.ingest(clone)
    assert totals(there).equals(totals(here))
    assert sum(f"@{OTHER}" in uri for uri in connected) == (bucket == OTHER)
    assert rfm.score(clone, as_of=AS_OF, amount_scale=0, by="shop").rows.read == 2 * HALF


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("place", [f"{BUCKET}/none", "none/orders"])
def test_table__that_is_missing_is_a_usage_error(tmp_path, place):
    with pytest.raises(UsageError, match=f"s3://{place} must exist; got no such file or folder"):
        state_of(tmp_path / "state").ingest(f"delta:s3://{place}@0..1")


def test_store__that_is_away_is_of_the_machine(monkeypatch, tmp_path):
    for name, value in environment_of("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RfmError, match=r"orders must be reachable; got ") as caught:
        state_of(tmp_path / "state").ingest(f"delta:s3://{BUCKET}/orders@0..1", store_timeout=2)
    assert caught.type is RfmError
