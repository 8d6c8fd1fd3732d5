"""Each step is done once per date: what repeated, late and refused nights do."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.history.runs import Run, note_run
from rfm_engine.night.night import iter_night
from rfm_engine.output.locks import locked
from tests.conftest import DEEP
from tests.night import shop

SECOND = shop.FIRST + timedelta(1)


def statuses(night: rfm.Night) -> dict[str, str]:
    return {step.name: step.status for step in night.steps}


def test_first_night__creates_the_state_and_the_history(one_night):
    names = [name for name in shop.files_in(one_night) if name.startswith("out")]
    place = f"out/as_of={shop.FIRST}"
    assert names == [f"{place}/customers.parquet", f"{place}/events.parquet"]
    history = rfm.History.open(one_night / "history")
    assert history.dates == [shop.FIRST]
    assert history.options["window"] == "60d"
    with rfm.State.open(one_night / "state") as state:
        assert state.summary()["history"] == "rolling:60d"
    stored = one_night / "history" / f"as_of={shop.FIRST}" / "customers.parquet"
    assert (one_night / names[0]).read_bytes() == stored.read_bytes()
    assert history.verify() == []


def test_night__is_equal_to_its_steps_by_hand(folder, tmp_path):
    shop.deliver(folder, 1)
    rfm.run_night(folder / "rfm.toml")
    state = rfm.State.create(tmp_path / "state", history="rolling:60d")
    history = rfm.History.create(tmp_path / "history", window="60d")
    for night in range(2):
        day = shop.FIRST + timedelta(night)
        state.ingest(folder / "incoming" / f"{day}.parquet")
        history.add(state, as_of=day)
        events = history.log_events().events
    for day in history.dates:
        found = rfm.read_snapshot(folder / "out" / f"as_of={day}" / "customers.parquet")
        assert found.customers.equals(history.snapshot(day).customers)
    found = pq.read_table(folder / "out" / f"as_of={SECOND}" / "events.parquet", partitioning=None)
    assert found.to_pylist() == events.to_pylist() != []


def test_night__that_is_repeated_changes_nothing(folder):
    before = shop.files_in(folder)
    night = rfm.run_night(folder / "rfm.toml")
    assert {*statuses(night).values()} == {"already", "skipped"}
    assert night.as_of == shop.FIRST
    assert shop.files_in(folder) == before


def test_night__whose_note_is_deleted_gives_the_same_files(folder):
    before = shop.files_in(folder)
    (folder / "history" / "runs" / f"as_of={shop.FIRST}.json").unlink()
    night = rfm.run_night(folder / "rfm.toml")
    assert statuses(night)["events"] == "done"
    assert shop.files_in(folder) == before


def test_late_orders__of_a_date_that_is_done_count_in_the_next_night(folder):
    shop.write_orders(folder / "incoming" / "late.parquet", [(7, shop.FIRST, 500)])
    before = shop.files_in(folder / "history"), shop.files_in(folder / "out")
    night = rfm.run_night(folder / "rfm.toml")
    assert statuses(night)["ingest"] == "done"
    assert statuses(night)["score"] == "already"
    assert (shop.files_in(folder / "history"), shop.files_in(folder / "out")) == before
    shop.deliver(folder, 1)
    rfm.run_night(folder / "rfm.toml")
    spent = rfm.History.open(folder / "history").snapshot(SECOND).customers.to_pylist()
    assert next(row["monetary"] for row in spent if row["customer_id"] == 7) >= 500


def test_interrupted_date__is_finished_before_new_orders_are_added(folder):
    store = rfm.History.open(folder / "history").store
    note_run(store, Run(shop.FIRST, ("ingest", "score"), is_complete=False))
    before = shop.files_in(folder)
    shop.deliver(folder, 1)
    night = rfm.run_night(folder / "rfm.toml")
    found = [(step.as_of, step.name) for step in night.steps if step.status == "done"]
    names = ["ingest", "score", "history", "events"]
    assert found == [
        *((shop.FIRST, name) for name in names[2:]), *((SECOND, name) for name in names),
    ]  # fmt: skip
    after = shop.files_in(folder)
    changed = {name for name in before if after.get(name) != before[name]}
    assert {name.partition("/")[0] for name in changed} <= {"state", "history"}
    assert changed.isdisjoint(name for name in before if f"as_of={shop.FIRST}/" in name)


def test_interrupted_date__before_newer_orders_of_the_state_is_left_out(folder):
    """It was not scored, and orders were ingested by hand: the date after it has its changes."""
    store = rfm.History.open(folder / "history").store
    day = shop.FIRST + timedelta(1)
    note_run(store, Run(day, ("ingest",), is_complete=False))
    shop.deliver(folder, 2)
    with rfm.State.open(folder / "state") as state:
        state.ingest(folder / "incoming" / f"{shop.FIRST + timedelta(2)}.parquet")
    rfm.run_night(folder / "rfm.toml")
    assert rfm.History.open(folder / "history").dates == [shop.FIRST, shop.FIRST + timedelta(2)]


def test_date__that_is_given_and_done_adds_no_orders(folder):
    shop.deliver(folder, 1)
    night = rfm.run_night(folder / "rfm.toml", as_of=shop.FIRST)
    assert statuses(night)["ingest"] == "already"
    with rfm.State.open(folder / "state") as state:
        assert state.summary()["newest_day"] == str(shop.FIRST)


def test_date__may_be_later_than_the_newest_order(folder):
    night = rfm.run_night(folder / "rfm.toml", as_of=SECOND)
    assert night.as_of == SECOND
    assert rfm.History.open(folder / "history").dates == [shop.FIRST, SECOND]


def test_date__before_the_newest_of_the_history_is_refused_before_anything_is_done(folder):
    shop.deliver(folder, 1)
    before = shop.files_in(folder)
    with pytest.raises(rfm.StateError, match=r"as_of of a night must be 2026-01-31, the newest"):
        rfm.run_night(folder / "rfm.toml", as_of=date(2026, 1, 30))
    assert shop.files_in(folder) == before


def test_step__whose_key_is_added_later_is_done_for_the_same_date(folder):
    config = folder / "rfm.toml"
    config.write_text(shop.RUN + 'tiers = "plus.toml"\n')
    found = statuses(rfm.run_night(config))
    assert (found["score"], found["tiers"], found["events"]) == ("already", "done", "already")
    assert (folder / "out" / f"as_of={shop.FIRST}" / "tiers.parquet").exists()


def test_date__that_was_done_before_steps_were_added_to_the_file_stays_as_it_is(folder):
    shop.deliver(folder, 1)
    rfm.run_night(folder / "rfm.toml")
    more = 'tiers = "plus.toml"\nflows = "flows.toml"\n'
    (folder / "rfm.toml").write_text(shop.RUN + more)
    before = shop.files_in(folder)
    night = rfm.run_night(folder / "rfm.toml", as_of=shop.FIRST)
    assert (statuses(night)["events"], statuses(night)["flows"]) == ("already", "skipped")
    assert shop.files_in(folder) == before


def test_step__that_fails_stops_the_night_and_is_repeated(folder):
    shop.deliver(folder, 1)
    config = folder / "rfm.toml"
    right = config.read_text()
    config.write_text(right + 'touches = "contacts.csv"\n[events]\nbirthday = "born"\n')
    steps = list(iter_night(config, None, None, None, {}))
    found = {step.name: step.status for step in steps}
    assert (found["history"], found["events"]) == ("done", "failed")
    assert [type(step.error) for step in steps if step.error] == [rfm.UsageError]
    assert found["flows"] == "skipped"
    config.write_text(right)
    night = rfm.run_night(config)
    assert statuses(night)["score"] == "already"
    assert statuses(night)["events"] == "done"
    assert night.as_of == SECOND


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (shop.RUN.replace("*.parquet", "*.csv"), "inputs in .run. must have orders"),
        ('customer = "buyer"\n' + shop.RUN, "column 'buyer' must exist"),
        ('bins = [0]\n' + shop.RUN, "bins for recency must be"),
    ],
)  # fmt: skip
def test_first_night__that_fails_leaves_nothing_behind(tmp_path, config, said):
    """Otherwise the options could not be corrected, because a state keeps those of its creation."""
    file = shop.make(tmp_path / "shop", config)
    shop.deliver(tmp_path / "shop", 0)
    with pytest.raises(rfm.RfmError, match=said):
        rfm.run_night(file)
    names = {each.name for each in (tmp_path / "shop").iterdir()}
    assert "history" not in names
    file.write_text(shop.RUN)
    assert rfm.run_night(file).as_of == shop.FIRST


def test_night__without_new_files_needs_no_files(folder):
    for each in (folder / "incoming").iterdir():
        each.unlink()
    night = rfm.run_night(folder / "rfm.toml", as_of=SECOND)
    assert night.steps[0].about["files"] == 0


def test_history__without_its_state_is_refused(folder):
    (folder / "state").rename(folder / "elsewhere")
    with pytest.raises(rfm.StateError, match="must exist, because history"):
        rfm.run_night(folder / "rfm.toml")
    assert not (folder / "state").exists()


def test_second_night__at_the_same_time_is_refused(folder):
    with (
        locked(folder / "history" / "runs", "night"),
        pytest.raises(rfm.StateError, match="must have one night at a time"),
    ):
        rfm.run_night(folder / "rfm.toml")


def test_damaged_note__is_refused_and_verify_names_it(folder):
    note = folder / "history" / "runs" / f"as_of={shop.FIRST}.json"
    note.write_text(note.read_text().replace("true", "false"))
    with pytest.raises(rfm.StateError, match="must have an unchanged file"):
        rfm.run_night(folder / "rfm.toml")
    (folder / "history" / "runs" / "note.txt").touch()
    found = rfm.History.open(folder / "history").verify()
    assert [line.partition(":")[0] for line in found] == [
        f"runs/as_of={shop.FIRST}.json", "runs/note.txt is not a file of the history",
    ]  # fmt: skip


def test_forget__leaves_the_notes(folder):
    history = rfm.History.open(folder / "history")
    who = history.snapshot(shop.FIRST).customers["customer_id"][0].as_py()
    assert history.forget(who) == [who]
    assert history.verify() == []
    assert {*statuses(rfm.run_night(folder / "rfm.toml")).values()} == {"already", "skipped"}


@pytest.mark.skipif(not DEEP, reason="does six nights; tests of the steps have these ids")
@pytest.mark.parametrize("kind", ["text", "uuid", "binary"])
def test_night__of_groups_and_other_ids(tmp_path, kind):
    config = shop.RUN.replace("report = false", 'tiers = "plus.toml"\nflows = "flows.toml"')
    file = shop.make(tmp_path / "shop", 'by = "seller"\n' + config)
    for night in range(2):
        table = pa.table(
            {
                "customer_id": as_kind([who for who, _, _ in shop.orders_of(night)], kind),
                "order_time": [day for _, day, _ in shop.orders_of(night)],
                "amount": [amount for _, _, amount in shop.orders_of(night)],
                "seller": ["a" if who % 3 else "b" for who, _, _ in shop.orders_of(night)],
            }
        )
        pq.write_table(table, tmp_path / "shop" / "incoming" / f"{night}.parquet")
        found = statuses(rfm.run_night(file))
        skipped = [name for name, status in found.items() if status == "skipped"]
        assert skipped == ["audiences"]
    people = {(who, who % 3 > 0) for night in range(2) for who, _, _ in shop.orders_of(night)}
    snapshot = rfm.read_snapshot(
        tmp_path / "shop" / "out" / f"as_of={SECOND}" / "customers.parquet"
    )
    assert snapshot.n_customers == len(people)


def as_kind(ids: list[int], kind: str) -> pa.Array:
    """Return ids of a type."""
    if kind == "text":
        return pa.array([f"c{each}" for each in ids])
    if kind == "binary":
        return pa.array([each.to_bytes(2, "big") for each in ids], pa.binary())
    return pa.array([each.to_bytes(16, "big") for each in ids], pa.binary(16)).cast(pa.uuid())


def test_order_in_the_future__stops_the_night_until_the_state_is_restored(folder):
    """A snapshot of that date could not be followed by those of earlier dates."""
    wrong = folder / "incoming" / "wrong.parquet"
    shop.write_orders(wrong, [(1, shop.FIRST + timedelta(20), 5)])
    for _ in range(2):
        with pytest.raises(rfm.DataError, match=r"newest order of .* got one of 2026-02-20"):
            rfm.run_night(folder / "rfm.toml", latest=SECOND)
    assert rfm.History.open(folder / "history").dates == [shop.FIRST]
    wrong.unlink()
    with rfm.State.open(folder / "state") as state:
        state.restore(state.manifest.generations[1].number)
    shop.deliver(folder, 1)
    assert rfm.run_night(folder / "rfm.toml", latest=SECOND).as_of == SECOND


def test_state__that_is_older_than_the_file_decides_how_orders_are_read(tmp_path):
    file = shop.make(tmp_path / "shop", 'refunds = "drop"\n' + shop.RUN)
    shop.deliver(tmp_path / "shop", 0)
    rfm.State.create(tmp_path / "shop" / "state", history="rolling:60d", refunds="error").close()
    rfm.run_night(file)
    assert rfm.History.open(tmp_path / "shop" / "history").options["refunds"] == "error"
