"""No e-mail, phone number, name or id is in a message or in a file that others can read."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.activation import audience_shop as shop
from tests.conftest import DEEP

SECRETS = ("wilhelmina", "zyxwvut", "4915199887", "15199887", "quincunx")
EMAIL, PHONE, NAME = "wilhelmina@zyxwvut.example", "+4915199887766", "Quincunx"
HEADER = "customer_id,email,phone,first_name,consent_ads,consent_email,consent_sms\n"
GOOD = f"c01,{EMAIL},{PHONE},{NAME},true,true,true\n"
# Values in wrong places: contacts, and what goes wrong.
BROKEN = {
    "no header": GOOD + GOOD,
    "header twice": f"customer_id,{EMAIL},{EMAIL}\n{GOOD}",
    "consent": HEADER + f"c01,,,,{EMAIL},{EMAIL},{EMAIL}\n",
    "too many fields": HEADER + GOOD + f"c02,{EMAIL},{PHONE},{NAME},true,true,true,{EMAIL}\n",
    "too few fields": HEADER + GOOD + f"c02,{EMAIL},{PHONE}\n",
    "open quote": HEADER + GOOD + f'c02,"{EMAIL},{PHONE},{NAME},true,true,true\n' * 3,
    "not utf-8": HEADER + GOOD + f"c02,{EMAIL}\udcff,,,true,,\n",
}
FINE = {
    "invalid": HEADER + f"c01,{EMAIL}@x,{PHONE}x,{NAME},true,true,true\n",
    "repeated": HEADER + GOOD * 3,
    "nul": HEADER + f"c02,{EMAIL}\0,{PHONE},{NAME},true,,\n",
    "stranger": HEADER + GOOD.replace("c01", EMAIL),
}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "private"
    place.mkdir(mode=0o700)
    shop.snapshot(place / "customers.parquet")
    return place


def words(folder: Path, contacts: Path, *more: object) -> list[object]:
    return [
        "audience", folder / "customers.parquet", "--who", "monetary >= 0", "--contacts", contacts,
        "--platform", "google", "-o", folder / "list.csv", *more,
    ]  # fmt: skip


def refuse_secrets(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text.lower(), text


def is_private(place: Path) -> bool:
    """Return whether only the owner can read a file: by its mode, or that of a folder above."""
    return any(stat.S_IMODE(each.stat().st_mode) & 0o077 == 0 for each in (place, place.parent))


@pytest.mark.parametrize("name", [*BROKEN, *FINE])
def test_messages__never_have_a_value(rfm, folder, name):
    contacts = folder / "contacts.csv"
    text = (BROKEN | FINE)[name]
    contacts.write_bytes(text.encode("utf-8", "surrogateescape"))
    for more in (["--json"], *([["--platform", "klaviyo"]] if DEEP else [])):
        done = rfm(*words(folder, contacts, *more))
        assert done.exit_code in ((2, 3) if name in BROKEN else (0,)), done.stderr
        refuse_secrets(done.stdout + done.stderr)
    left = {each.name for each in folder.iterdir()} - {"customers.parquet", "contacts.csv"}
    assert left == ({"list.csv"} if name in FINE else set())


@pytest.mark.parametrize(
    "column", [pa.array([[EMAIL]]), pa.array([4915199887766.5]), pa.array([{EMAIL: NAME}])]
)
def test_messages__about_types_never_have_a_value(rfm, folder, column):
    people = {"customer_id": ["c01"], "email": column, "consent_ads": [True]}
    pq.write_table(pa.table(people), folder / "contacts.parquet")
    done = rfm(*words(folder, folder / "contacts.parquet"))
    assert done.exit_code == 3
    assert "column 'email' of --contacts must be text or whole numbers; got " in done.stderr
    refuse_secrets(done.stderr.replace(f"struct<{EMAIL}: string>", ""))


def test_suppression__never_shows_a_value(rfm, folder):
    (folder / "contacts.csv").write_text(HEADER + GOOD)
    for text in (f"{EMAIL}\n{PHONE}\n", f"email\n{EMAIL},{PHONE}\n", f"customer_id\n{EMAIL}\n"):
        (folder / "gone.csv").write_text(text)
        done = rfm(*words(folder, folder / "contacts.csv", "--suppress", folder / "gone.csv"))
        refuse_secrets(done.stdout + done.stderr)


def test_files__can_be_read_by_their_owner_only(rfm, folder):
    (folder / "contacts.csv").write_text(HEADER + GOOD)
    done = rfm(*words(folder, folder / "contacts.csv", "--diff", folder / "none", "--json", "-o",
                      folder / "new"))  # fmt: skip
    assert done.exit_code == 0
    assert json.loads(done.stdout)["written"] == 1
    refuse_secrets(done.stdout + done.stderr)
    places = list((folder / "new").iterdir())
    assert {each.name for each in places} >= {"list.csv", "add.csv", "remove.csv"}
    assert {stat.S_IMODE(each.stat().st_mode) for each in places} == {0o600}
    assert stat.S_IMODE((folder / "new").stat().st_mode) == 0o700
    more = ["--platform", "generic", "--consent", "consent_ads", "-o", folder / "list.parquet"]
    assert rfm(*words(folder, folder / "contacts.csv", *more)).exit_code == 0
    assert stat.S_IMODE((folder / "list.parquet").stat().st_mode) == 0o600
    assert "c01" not in str(pq.read_schema(folder / "list.parquet").metadata)


def test_open_folder__causes_a_warning(rfm, folder):
    (folder / "contacts.csv").write_text(HEADER + GOOD)
    folder.chmod(0o755)
    done = rfm(*words(folder, folder / "contacts.csv"))
    assert "should be private (mode 700); got 755 for" in done.stderr


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.2, 0.4] if DEEP else [0.1])
def test_killed_run__leaves_nothing_that_others_can_read(folder, tmp_path, delay):
    n_rows = 60_000
    people = {
        "customer_id": ["c01"] * n_rows, "consent_ads": [True] * n_rows,
        "email": [f"wilhelmina{n}@zyxwvut.example" for n in range(n_rows)],
    }  # fmt: skip
    pq.write_table(pa.table(people), folder / "contacts.parquet")
    spill = tmp_path / "spill"
    spill.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "rfm_cli",
         *map(str, words(folder, folder / "contacts.parquet", "--spill-dir", spill))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    until = time.monotonic() + 60
    while run.poll() is None and time.monotonic() < until:
        if any(spill.iterdir()):
            break
        time.sleep(0.01)
    time.sleep(delay)
    run.send_signal(signal.SIGKILL)
    out, err = run.communicate()
    refuse_secrets((out + err).decode())
    mine = {folder / "contacts.parquet", folder / "customers.parquet"}
    for place in [*folder.rglob("*"), *spill.rglob("*")]:
        if place.is_file() and place not in mine:
            assert is_private(place), place
