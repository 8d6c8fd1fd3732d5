"""The flows of a night, and what happens if they are interrupted."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.history.runs import Run, note_run, run_of
from tests.night import shop

SECOND = shop.FIRST + timedelta(1)


@pytest.fixture(scope="module")
def after_two(one_night, tmp_path_factory) -> Path:
    """A shop after its second night, which runs flows; tests must not change it."""
    folder = Path(shutil.copytree(one_night, tmp_path_factory.mktemp("two") / "shop"))
    (folder / "rfm.toml").write_text(shop.RUN + 'flows = "flows.toml"\ncontacts = "contacts.csv"\n')
    consent(folder, who=range(40))
    shop.deliver(folder, 1)
    rfm.run_night(folder / "rfm.toml", as_of=SECOND)
    return folder


@pytest.fixture
def two_nights(after_two, tmp_path) -> Path:
    """A copy of this shop."""
    return Path(shutil.copytree(after_two, tmp_path / "shop"))


def consent(folder: Path, who: range) -> None:
    lines = [f"{each},c{each}@example.com,yes\n" for each in who]
    text = "customer_id,email,consent_email\n" + "".join(lines)
    (folder / "contacts.csv").write_text(text)


def entries(folder: Path) -> list[dict[str, object]]:
    place = folder / "out" / f"as_of={SECOND}" / "flows.parquet"
    return pq.read_table(place, partitioning=None).to_pylist()


def test_flows__are_those_of_the_command(two_nights, tmp_path):
    history = two_nights / "history"
    found = rfm.flows.run(
        history, flows=two_nights / "flows.toml", contacts=two_nights / "contacts.csv",
        output=tmp_path / "flows.parquet", threads=1,
    )  # fmt: skip
    assert found.log == "unchanged"
    written = two_nights / "out" / f"as_of={SECOND}" / "flows.parquet"
    assert written.read_bytes() == (tmp_path / "flows.parquet").read_bytes()
    assert entries(two_nights) != []


def test_flows__that_were_logged_do_not_change_if_contacts_do(two_nights):
    """The night was killed after the log was written, and other contacts arrived since."""
    store = rfm.History.open(two_nights / "history").store
    done = run_of(store, SECOND)
    before = entries(two_nights)
    note_run(store, Run(SECOND, done.steps[:-1], is_complete=False))
    (two_nights / "out" / f"as_of={SECOND}" / "flows.parquet").unlink()
    consent(two_nights, who=range(5))
    night = rfm.run_night(two_nights / "rfm.toml")
    step = next(step for step in night.steps if step.name == "flows")
    assert step.status == "done"
    assert [each.code for each in step.warnings] == ["flows_from_log"]
    assert entries(two_nights) == before
    assert run_of(store, SECOND) == done


def test_flows__that_contradict_a_damaged_log_fail(two_nights):
    store = rfm.History.open(two_nights / "history").store
    note_run(store, run_of(store, SECOND)._replace(steps=("ingest", "score"), is_complete=False))
    log = two_nights / "history" / "flows" / f"as_of={SECOND}" / "log.parquet"
    log.write_bytes(log.read_bytes() + b" ")
    consent(two_nights, who=range(5))
    with pytest.raises(rfm.StateError, match="must have undamaged logs of flows"):
        rfm.run_night(two_nights / "rfm.toml")
