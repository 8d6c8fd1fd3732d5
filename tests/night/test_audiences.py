"""The audiences of a night."""

from __future__ import annotations

import stat

import pytest

import rfm_engine as rfm
from rfm_engine.history.runs import note_run, run_of
from tests.night import shop
from tests.night.dying import Killed

AUDIENCES = """
contacts = "contacts.csv"
suppress = ["gone.csv"]
[[run.audiences]]
name = "buyers"
who = "frequency >= 1"
platform = "meta"
[[run.audiences]]
name = "often"
who = ["frequency >= 3", "monetary >= 10"]
platform = "generic"
"""
OPTIONS = '[audience]\nconsent = "consent_ads"\n'


@pytest.fixture
def place(folder):
    """A shop with audiences, whose first night is done without them."""
    (folder / "rfm.toml").write_text(shop.RUN + AUDIENCES + OPTIONS)
    lines = [f"{who},c{who}@example.com,{'yes' if who % 2 else 'no'}\n" for who in range(40)]
    (folder / "contacts.csv").write_text("customer_id,email,consent_ads\n" + "".join(lines))
    (folder / "gone.csv").write_text("customer_id\n7\n")
    return folder / "out" / f"as_of={shop.FIRST}" / "audiences"


def lists_of(night: rfm.Night) -> list[dict[str, object]]:
    step = next(step for step in night.steps if step.name == "audiences")
    assert step.status == "done"
    found: list[dict[str, object]] = step.about["audiences"]
    return found


def test_audiences__are_those_of_the_command(folder, place, tmp_path):
    found = lists_of(rfm.run_night(folder / "rfm.toml"))
    history = rfm.History.open(folder / "history")
    options = {
        "contacts": folder / "contacts.csv", "suppress": [folder / "gone.csv"],
        "consent": "consent_ads",
    }  # fmt: skip
    (tmp_path / "lists").mkdir()
    meta = rfm.audience(
        history, who="frequency >= 1", platform="meta", output=tmp_path / "lists" / "m.csv",
        **options,
    )  # fmt: skip
    assert (place / "buyers.csv").read_bytes() == (tmp_path / "lists" / "m.csv").read_bytes()
    bought = history.snapshot(shop.FIRST).customers["customer_id"].to_pylist()
    wanted = {who for who in bought if who % 2 and who != 7}
    assert found[0]["written"] == meta.counts["written"] == len(wanted) > 0
    assert found[1]["name"] == "often"
    assert 0 < found[1]["written"] < len(wanted)


def test_audiences__are_private_and_the_result_names_no_customer(folder, place):
    night = rfm.run_night(folder / "rfm.toml")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in place.iterdir()} == {0o600}
    assert "example.com" not in str(night)
    assert "open_folder" not in str(night)
    notes = (folder / "history" / "runs").iterdir()
    assert all("example.com" not in each.read_text() for each in notes)


def test_audiences__that_are_not_in_the_file_any_more_are_deleted(folder, place):
    rfm.run_night(folder / "rfm.toml")
    assert sorted(each.name for each in place.iterdir()) == ["buyers.csv", "often.csv"]
    fewer = AUDIENCES.partition('[[run.audiences]]\nname = "often"')[0]
    (folder / "rfm.toml").write_text(shop.RUN + fewer)
    store = rfm.History.open(folder / "history").store
    run = run_of(store, shop.FIRST)
    note_run(store, run._replace(steps=("ingest", "score"), is_complete=False))
    rfm.run_night(folder / "rfm.toml")
    assert [each.name for each in place.iterdir()] == ["buyers.csv"]


def test_audiences__leave_files_of_the_user_and_delete_lists_of_a_night_that_was_killed(
    folder, place, monkeypatch
):
    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("rfm_engine.night.activation._delete_old", killed)
        with pytest.raises(Killed):
            rfm.run_night(folder / "rfm.toml")
    (place / "notes.txt").write_text("sent on Monday")
    (place / "vip.csv").write_text("our own list")
    config = shop.RUN + AUDIENCES.replace('"often"', '"loyal"') + OPTIONS
    (folder / "rfm.toml").write_text(config)
    rfm.run_night(folder / "rfm.toml")
    names = sorted(each.name for each in place.iterdir())
    assert names == ["buyers.csv", "loyal.csv", "notes.txt", "vip.csv"]
    assert run_of(rfm.History.open(folder / "history").store, shop.FIRST).lists == (
        "buyers.csv",
        "loyal.csv",
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (AUDIENCES.replace('"meta"', '"meta5"') + OPTIONS, "platform must be one of"),
        (AUDIENCES.replace("frequency >= 1", "frequency >"), "frequency >"),
        (AUDIENCES.replace("gone.csv", "lost.csv"), "suppress in .run. .* must exist; got no file"),
        ('touches = "t.csv"', "touches in .run. .* must exist; got no file"),
        ('attributes = "a.csv"', "attributes in .run. .* must exist; got no file"),
        ('contacts = "c.csv"', "contacts in .run. .* must exist; got no file"),
        (AUDIENCES.replace("monetary >= 10", "monetry >= 10"), "got 'monetry' .*'monetary'"),
        (AUDIENCES + "[audience]\ncolumn = 3", "Did you mean 'columns'"),
        (AUDIENCES + "[audience]\nconsent = 3", "consent in .* must be text"),
        (AUDIENCES + "[audience]\nno-consent-check = 3", "must be true or false"),
    ],
)
def test_audiences__that_are_wrong_are_refused_before_anything_is_done(folder, config, said):
    (folder / "rfm.toml").write_text(shop.RUN + config)
    (folder / "gone.csv").write_text("customer_id\n7\n")
    shop.deliver(folder, 1)
    before = shop.files_in(folder)
    with pytest.raises(rfm.UsageError, match=said):
        rfm.run_night(folder / "rfm.toml")
    assert shop.files_in(folder) == before
