"""`rfm state`, `rfm ingest` and `rfm score STATE` on the command line."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest

from rfm_engine.output import write
from rfm_engine.simulate import simulate


@pytest.fixture
def days(tmp_path):
    """Four days of orders."""
    places = []
    for number in range(4):
        place = tmp_path / f"day{number}.parquet"
        batches = simulate(customers=100, orders=500, seed=number)
        write(batches, batches.schema, place)
        places.append(place)
    return places


@pytest.fixture
def state(rfm, tmp_path):
    place = tmp_path / "state"
    assert rfm("state", "create", place).exit_code == 0
    return place


def customers_of(place):
    return pq.read_table(place).sort_by("customer_id")


def test_ingest__three_days_and_one_twice_score_as_all_files(rfm, days, state, tmp_path):
    for day in [*days, days[2]]:
        last = rfm("ingest", state, day)
        assert last.exit_code == 0
    assert last.stdout.startswith(f"{days[2]}: already ingested in batch ")
    assert "nothing to add; the state stays at generation 5\n" in last.stdout
    assert rfm("score", state, "-o", tmp_path / "a.parquet").exit_code == 0
    assert rfm("score", *days, "-o", tmp_path / "b.parquet").exit_code == 0
    assert customers_of(tmp_path / "a.parquet").equals(customers_of(tmp_path / "b.parquet"))


def test_ingest__says_in_json_what_it_did(rfm, days, state):
    done = json.loads(rfm("ingest", state, days[0], "--batch-id", "monday", "--json").stdout)
    assert (done["generation"], done["batch"], done["skipped"]) == (2, "monday", {})
    assert (done["rows"]["read"], done["rows"]["counted"], done["rows"]["too_late"]) == (
        500,
        500,
        0,
    )
    assert set(done) == {
        "generation", "batch", "rows", "amounts_rounded", "skipped", "warnings",
            "batches", "without_rows", "gaps", "peak_memory_bytes",
    }  # fmt: skip
    again = json.loads(rfm("ingest", state, days[1], "--batch-id", "monday", "--json").stdout)
    assert (again["generation"], again["batch"]) == (2, None)


def test_ingest__replaces_a_batch(rfm, days, state):
    rfm("ingest", state, days[0], "--batch-id", "monday")
    assert rfm("ingest", state, days[1], "--replace-batch", "monday").exit_code == 0
    found = json.loads(rfm("state", "show", state, "--json").stdout)
    assert [batch["id"] for batch in found["batches"]] == ["monday"]
    assert found["rows"]["read"] == 500


def test_show__tells_people_and_programs(rfm, days, tmp_path):
    state = tmp_path / "state"
    created = rfm(
        "state", "create", state, "--history", "rolling:90d", "--keep", 2, "--zero", "drop"
    )
    assert (
        created.stdout
        == f"{state} is a state with rolling:90d history; add orders with rfm ingest\n"
    )
    rfm("ingest", state, days[0], "--batch-id", "monday")
    shown = rfm("state", "show", state).stdout
    assert shown.startswith("generation 2, rolling:90d history, ")
    assert "with --zero drop\n" in shown
    assert "batch monday can be replaced: " in shown
    assert shown.endswith("generations: 2, 1\n")
    found = json.loads(rfm("state", "show", state, "--json").stdout)
    assert (found["history"], found["keep"], found["options"]) == (
        "rolling:90d",
        2,
        {"zero": "drop"},
    )


def test_care__verify_compact_gc_forget_restore(rfm, days, state):
    rfm("ingest", state, days[0])
    someone = pq.read_table(days[0])["customer_id"][0].as_py()
    assert rfm("state", "verify", state).stdout == "all files are unchanged\n"
    assert rfm("state", "compact", state).stdout == "the state is at generation 2\n"
    assert rfm("state", "gc", state).stdout == "0 files deleted\n"
    said = rfm("state", "forget", state, "--id", someone, "--id", "-5").stdout
    assert said == f"{someone}: forgotten\n-5: not in the state\n"
    said = rfm("state", "restore", state, "--generation", 1).stdout
    assert said == "generation 1 is restored, as generation 4\n"


def test_verify__names_what_is_not_as_it_was_written(rfm, days, state):
    rfm("ingest", state, days[0])
    [file] = (state / "data").glob("totals-*")
    file.write_bytes(file.read_bytes()[:-1])
    verified = rfm("state", "verify", state)
    assert verified.exit_code == 4
    assert verified.stdout.startswith(f"{str(file)!r} must be unchanged; got other bytes.")
    assert rfm("score", state, "-o", state.parent / "out.csv").exit_code == 4
    assert not (state.parent / "out.csv").exists()


def test_ingest__names_a_damaged_ledger_and_scores_go_on(rfm, days, state):
    rfm("ingest", state, days[0])
    [file] = (state / "data").glob("ledger-*")
    file.unlink()
    run = rfm("ingest", state, days[1])
    assert run.exit_code == 4
    assert run.stderr.startswith(f"error: {str(file)!r} must exist; got no such file.")
    assert run.stderr.count("\n") == 1
    assert rfm("score", state, "-o", state.parent / "out.csv").exit_code == 0


EXITS = [
    (("ingest", "{none}", "{day}"), 4, "must exist; got no such file"),
    (("state", "show", "{none}"), 4, "must exist"),
    (("state", "create", "{state}"), 4, "must be a new or empty folder"),
    (("state", "create", "s3://bucket/state"), 2, "must be a folder on a local file system"),
    (("state", "create", "{none}", "--frequency", "days"), 2, "frequency must be orders"),
    (("ingest", "{state}", "{none}"), 2, "must exist; got no such file or folder"),
    (("ingest", "{state}", "{day}", "--replace-batch", "monday"), 2, "must name one of"),
    (("score", "{state}", "-o", "{none}.csv", "--window", "9d"), 2, "lifetime state"),
    (("score", "{state}", "-o", "{none}.csv", "--customer", "who"), 4, "--customer must be as set"),
    (("state", "restore", "{state}", "--generation", "9"), 2, "must be one that is kept"),
    (("state", "forget", "{state}"), 2, "--id"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), EXITS, ids=str)
def test_exits__are_those_of_the_contract(rfm, days, state, words, code, said):
    places = {"state": state, "none": state.parent / "none", "day": days[0]}
    run = rfm(*(word.format(**places) for word in words))
    assert (run.exit_code, run.stderr.count("\n")) == (code, 1)
    assert said in run.stderr


def test_state__that_went_away_does_not_begin_anew(rfm, days, state):
    shutil.rmtree(state)
    assert rfm("ingest", state, days[0]).exit_code == 4
    assert not state.exists()
