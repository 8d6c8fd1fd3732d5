"""A store that does not answer: calls time out, signals work, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from contextlib import ExitStack

import pytest

import rfm_engine as rfm
from tests.cli.conftest import COMMAND
from tests.conftest import DEEP
from tests.stores.flaky import BUCKET, black_hole, environment_of, flaky_store
from tests.stores.inputs import AS_OF, OBJECTS, ORDERS

# Long enough to start on a slow machine, and much shorter than an endless wait.
PATIENCE_SECONDS = 60
# The promised 2 s, and a margin for a slow machine.
OBEDIENCE_SECONDS = 10
URI = f"s3://{BUCKET}/orders.parquet"


def start(words, environment, **more):
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def uris(place):
    """Return a URI of each kind of store for an address, and the variables that clients need."""
    return {
        "s3": (URI, environment_of(f"http://{place}")),
        "s3-options": (f"s3://k:s@{BUCKET}/o?scheme=http&endpoint_override={place}", {}),
        "gs": (f"gs://anonymous@{BUCKET}/o?scheme=http&endpoint_override={place}", {}),
        "gs-metadata": (f"gs://{BUCKET}/o", {"GCE_METADATA_ROOT": place}),
        "abfs": (f"abfs://a@{place}/c/o?enable_tls=false&credential_kind=anonymous", {}),
    }


KINDS = [*uris("")]


@pytest.mark.parametrize("kind", KINDS)
def test_silence__is_given_up(tmp_path, kind):
    with black_hole() as (place, _):
        uri, environment = uris(place)[kind]
        words = ["score", uri, "-o", tmp_path / "out.parquet", "--store-timeout", "2s"]
        process = start(words, environment)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (1, "")
    shown = re.escape(uri.partition("?")[0].replace("k:s@", ""))
    assert re.fullmatch(rf"error: {shown} must be reachable; got [^\n]+\. Check the [^\n]+\n", err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not DEEP, reason="half a minute; HYPOTHESIS_PROFILE=deep")
@pytest.mark.parametrize("kind", KINDS)
def test_silence__is_given_up_after_the_usual_time(tmp_path, kind):
    with black_hole() as (place, _):
        uri, environment = uris(place)[kind]
        process = start(["score", uri, "-o", tmp_path / "out.parquet"], environment)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=8)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "number", "code", "message"),
    [
        *((kind, signal.SIGINT, 130, "error: interrupted\n") for kind in KINDS),
        ("s3", signal.SIGTERM, 143, "error: terminated\n"),
        ("gs-metadata", signal.SIGTERM, 143, "error: terminated\n"),
    ],
)
def test_signals__are_obeyed_while_a_store_is_silent(tmp_path, kind, number, code, message):
    with black_hole() as (place, listening):
        uri, environment = uris(place)[kind]
        process = start(["score", uri, "-o", tmp_path / "out.parquet"], environment)
        listening.settimeout(PATIENCE_SECONDS)
        connection, _ = listening.accept()
        process.send_signal(number)
        out, err = process.communicate(timeout=OBEDIENCE_SECONDS)
        connection.close()
    assert (process.returncode, out, err) == (code, "", message)
    assert list(tmp_path.iterdir()) == []


# A command for each point where it may wait, and the number of GETs that are answered before.
STALLS = [
    (*where, fault)
    for fault in ("hang", "stall")
    for where in (
        ("score", "orders.parquet", 0),
        ("score", "orders.parquet", 5),
        ("score", "orders.csv.gz", 2),
        ("score", "stream.arrow", 8),
        ("ingest", "orders.parquet", 0),
        ("ingest", "orders.parquet", 4),
        ("insight", "orders.parquet", 5),
    )
]


@pytest.fixture
def stalled(tmp_path):
    """Return a function that starts a command that waits for a store, and returns both."""
    with ExitStack() as undo:

        def started(command, name, good, fault, *options):
            found = flaky_store(OBJECTS, lambda n: fault if n >= good else None)
            store = undo.enter_context(found)
            uri = f"s3://{BUCKET}/{name}"
            words = ["score", uri, "-o", tmp_path / "out.parquet"]
            if command == "ingest":
                rfm.State.create(tmp_path / "state").close()
                words = ["ingest", tmp_path / "state", uri]
            if command == "insight":
                rfm.score(ORDERS, as_of=AS_OF, output=tmp_path / "snapshot.parquet")
                words = ["insight", "cohort", tmp_path / "snapshot.parquet", "--rows", uri]
            spill = tmp_path / "spill"
            spill.mkdir()
            words = [*words, "--spill-dir", spill, *options]
            return start(words, store.environment), store

        yield started


@pytest.mark.parametrize(("command", "name", "good", "fault"), STALLS)
def test_stalls__are_given_up_wherever_they_come(tmp_path, stalled, command, name, good, fault):
    process, _ = stalled(command, name, good, fault, "--store-timeout", "2")
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (1, "")
    assert re.fullmatch(
        rf"error: s3://shop/{name} must be reachable; got no answer for 2 s\. Check the [^\n]+\n",
        err,
    )
    assert not (tmp_path / "out.parquet").exists()
    assert list((tmp_path / "spill").iterdir()) == []


@pytest.mark.parametrize(("command", "name", "good", "fault"), STALLS)
def test_signals__are_obeyed_wherever_a_store_stalls(tmp_path, stalled, command, name, good, fault):
    process, store = stalled(command, name, good, fault)
    assert store.reached.wait(PATIENCE_SECONDS)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=OBEDIENCE_SECONDS)
    assert (process.returncode, out, err) == (130, "", "error: interrupted\n")
    assert not (tmp_path / "out.parquet").exists()
    assert list((tmp_path / "spill").iterdir()) == []
    if command == "ingest":
        with rfm.State.open(tmp_path / "state") as state:
            assert state.verify() == []
            assert state.summary()["generation"] == 1


@pytest.mark.parametrize("name", ["orders.parquet", "orders.csv"])
def test_slow_transfers__are_not_cut(tmp_path, stalled, name):
    """Each answer takes 1.5 s and the time-out is 1 s."""
    process, store = stalled("score", name, 0, "drip", "--store-timeout", "1", "--quiet")
    out, err = process.communicate(timeout=3 * PATIENCE_SECONDS)
    assert (process.returncode, out, err) == (0, "", "")
    assert store.n_gets < 12
    assert (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("how", ["given up", "interrupted", "denied", "scored"])
def test_library__lets_the_process_end_at_once(how):
    """S3 waits for its requests when the process exits, and crashes if it cannot."""
    program = """
import signal, sys, threading, rfm_engine as rfm
kept = None
try:
    result = rfm.score(sys.argv[1], as_of="2026-10-31", store_timeout=float(sys.argv[2]))
except (rfm.RfmError, KeyboardInterrupt) as error:
    kept = error  # keeps its traceback and all objects that it refers to
print(type(kept).__name__, flush=True)
"""
    faults = {"given up": "stall", "interrupted": "stall", "denied": "denied", "scored": None}
    with flaky_store(OBJECTS, lambda n: faults[how] if n >= 5 else None) as store:
        timeout = "1" if how == "given up" else "3600"
        process = subprocess.Popen(
            [*COMMAND[:-1], program, URI, timeout],
            env=os.environ | store.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watch = threading.Timer(PATIENCE_SECONDS, process.kill)
        watch.start()
        if how == "interrupted":
            assert store.reached.wait(PATIENCE_SECONDS)
            process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        _, err = process.communicate(timeout=OBEDIENCE_SECONDS)
        watch.cancel()
    kinds = {"interrupted": "KeyboardInterrupt", "scored": "NoneType"}
    assert (said, err, process.returncode) == (kinds.get(how, "RfmError"), "", 0)
