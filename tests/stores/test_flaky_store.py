"""A store that refuses or breaks off is not a damaged file: exit 1, with useful advice."""

from __future__ import annotations

import re

import pytest

import rfm_engine as rfm
from rfm_engine.errors import DataError, RfmError
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.guard import MissingInputError
from tests.conftest import DEEP
from tests.stores.flaky import BUCKET, flaky_store
from tests.stores.inputs import AS_OF, OBJECTS, ORDERS, SOME_OBJECTS, customers_of

ADVICE = re.compile(
    r"s3://shop/\S+ must be reachable; got .+\. Check the network, the credentials and the region\."
)


@pytest.fixture
def store(monkeypatch):
    """Return a function that opens a flaky store and directs S3 clients to it."""

    def opened(objects, fault=lambda _: None):
        found = flaky_store(objects, fault)
        place = found.__enter__()
        opened.all.append(found)
        for name, value in place.environment.items():
            monkeypatch.setenv(name, value)
        return place

    opened.all = []
    yield opened
    for each in opened.all:
        each.__exit__(None, None, None)


def score(name):
    return customers_of(f"s3://{BUCKET}/{name}", store_timeout=5)


def read(name):
    """Read the orders without scoring them; return the number of rows."""
    [source] = open_sources(f"s3://{BUCKET}/{name}", ORDERS.schema.names, store_timeout=5)
    return sum(batch.num_rows for each in source.reads() for batch, _ in each)


@pytest.mark.parametrize("name", SOME_OBJECTS)
@pytest.mark.parametrize("fault", ["denied", "gone"])
def test_refusals__at_any_request_are_told_from_damaged_files(store, name, fault):
    place = store(OBJECTS)
    assert read(name) == ORDERS.num_rows
    n_gets, place.n_gets = place.n_gets, 0
    assert n_gets > 1
    for good in {*range(3), n_gets // 2, n_gets - 1}:
        place.n_gets, place.fault = 0, lambda n, good=good: fault if n >= good else None
        with pytest.raises(RfmError) as caught:
            read(name)
        if fault == "gone":
            assert caught.type is MissingInputError
            assert str(caught.value) == (
                f"s3://shop/{name} must exist; got no such file or folder. Check the path."
            )
        else:
            assert caught.type is RfmError
            assert ADVICE.fullmatch(str(caught.value))
            assert "flush" not in str(caught.value)
    place.fault = lambda _: None
    assert read(name) == ORDERS.num_rows


@pytest.mark.parametrize("name", SOME_OBJECTS)
@pytest.mark.parametrize("fault", ["busy", "cut"])
def test_faults__that_pass_are_got_over_and_those_that_stay_are_of_the_machine(store, name, fault):
    whole = customers_of(ORDERS)
    place = store(OBJECTS)
    for good in range(4) if DEEP else (0, 2):
        place.n_gets, place.fault = 0, lambda n, good=good: fault if n == good else None
        assert score(name) == whole
    for good in (0, 2) if DEEP else (1,):
        place.n_gets, place.fault = 0, lambda n, good=good: fault if n >= good else None
        with pytest.raises(RfmError, match=ADVICE) as caught:
            score(name)
        assert caught.type is RfmError


@pytest.mark.parametrize(("name", "good"), [("orders.parquet", 1), ("orders.arrow", 2)])
def test_answers__cut_so_that_they_look_whole_are_of_the_machine(store, rfm_process, name, good):
    # Run in a separate process, so that its memory does not contain the bytes of another read.
    store(OBJECTS, lambda n: "short" if n >= good else None)
    run = rfm_process("explain", f"s3://{BUCKET}/{name}", "--id", "customer 0")
    assert run.returncode == 1
    assert run.stderr.decode() == (
        f"error: s3://shop/{name} must arrive completely; got fewer bytes than the store "
        "reported. Check the network and any proxy, and run the command again.\n"
    )


@pytest.mark.parametrize("name", OBJECTS)
def test_damaged_files__that_arrived_whole_are_still_refused_as_data(store, name):
    held = OBJECTS[name]
    middle = len(held) // 2
    store({name: held[: middle + 1]})
    with pytest.raises(DataError):
        score(name)
    if name.endswith((".gz", ".parquet")):  # In other formats a zero is a valid byte.
        store({name: held[:middle] + bytes(20) + held[middle + 20 :]})
        with pytest.raises(DataError):
            score(name)


def test_ingest__of_a_store_that_fails_adds_nothing(store, tmp_path):
    place = store(OBJECTS)
    state = rfm.State.create(tmp_path / "state")
    uri = f"s3://{BUCKET}/orders.parquet"
    for good in range(0, 6, 2):
        place.n_gets, place.fault = 0, lambda n, good=good: "denied" if n >= good else None
        with pytest.raises(RfmError, match=ADVICE) as caught:
            state.ingest(uri, store_timeout=5)
        assert caught.type is RfmError
        assert state.summary()["generation"] == 1
    place.fault = lambda _: None
    assert state.ingest(uri).rows.counted == ORDERS.num_rows
    assert state.ingest(uri).batch is None


def test_command_line__says_it_in_one_line(store, rfm_process, tmp_path):
    for fault, code in [("denied", 1), ("busy", 1), ("cut", 1), ("gone", 2)]:
        store(OBJECTS, lambda n, fault=fault: fault if n >= 2 else None)
        out = tmp_path / "out.parquet"
        run = rfm_process("score", f"s3://{BUCKET}/orders.parquet", "-o", out, "-q")
        assert (run.returncode, run.stdout) == (code, b"")
        assert re.fullmatch(rb"error: s3://shop/orders\.parquet must [^\n]+\n", run.stderr)
        assert list(tmp_path.iterdir()) == []


def test_messages__hold_no_keys(store):
    place = store(OBJECTS, lambda _: "denied")
    endpoint = place.environment["AWS_ENDPOINT_URL"]
    for uri in (
        f"s3://AKIA:hidden@{BUCKET}/orders.parquet?endpoint_override={endpoint}",
        f"s3://AKIA:hidden@{BUCKET}/none.parquet?endpoint_override={endpoint}",
        f"s3://AKIA:hidden@{BUCKET}/none.parquet?hidden=hidden",
    ):
        with pytest.raises(RfmError) as caught:
            rfm.score(uri, as_of=AS_OF)
        assert "s3://shop/" in str(caught.value)
        assert "AKIA" not in str(caught.value)
        assert "secret" not in str(caught.value)
