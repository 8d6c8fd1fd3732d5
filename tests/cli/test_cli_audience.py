"""`rfm audience` on the command line: what it prints, its options and its refusals."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tests.activation import audience_shop as shop

CONTACTS = [
    ("c01", "a@x.de", "", "true", "true", ""), ("c02", "no", "030 901820", "true", "true", "true"),
    ("c03", "b@x.de", "", "false", "true", ""), ("c04", "c@x.de", "", "true", "true", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("audience")
    place.chmod(0o700)
    shop.snapshot(place / "customers.parquet")
    shop.write_contacts(place / "contacts.csv", CONTACTS)
    (place / "gone.csv").write_text("customer_id\nc04\n")
    return place


@pytest.fixture
def words(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return [
        "audience", "customers.parquet", "--who", "monetary >= 1", "--who", "monetary <= 9",
        "--contacts", "contacts.csv", "--platform", "google", "-o", "list.csv",
    ]  # fmt: skip


def test_text__says_where_customers_are_lost(rfm, words):
    done = rfm(*words, "--suppress", "gone.csv")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "google as of 2026-01-31",
        "9  customers chosen",
        "4  with an e-mail or phone number",
        "3  with consent",
        "2  not suppressed",
        "1  valid",
        "1  written",
        "invalid_email: 1 row of the contacts, the first is row 2",
        "phone_without_country: 1 row of the contacts, the first is row 2",
        "1 row in list.csv",
    ]
    assert done.stderr.startswith("warning: a list for Google Ads, Customer Match should have at ")


def test_json__has_the_counts(rfm, words):
    done = rfm(*words, "--default-country", "DE", "--json")
    found = json.loads(done.stdout)
    assert [found.pop("warnings")[0]["code"]] == ["small_list"]
    assert found == {
        "platform": "google", "as_of": "2026-01-31", "members": 9, "with_contact": 4,
        "consented": 3, "not_suppressed": 3, "valid": 3, "written": 3, "rows": 3, "added": None,
        "removed": None, "renamed_segments": {}, "files": ["list.csv"],
        "invalid": [{"reason": "invalid_email", "rows": 1, "first_row": 2}],
    }  # fmt: skip


def test_quiet__prints_nothing(rfm, words):
    done = rfm(*words, "--quiet")
    assert (done.exit_code, done.output) == (0, "")


def test_changes__are_told(rfm, words):
    assert rfm(*words, "-q").exit_code == 0
    done = rfm(*words, "--suppress", "gone.csv", "--diff", "list.csv", "-o", "changes")
    assert done.stdout.splitlines()[-1] == "1 row in changes: 0 in add.csv, 1 in remove.csv"
    assert rfm(*words, "--diff", "nowhere", "-o", "changes").stderr.startswith(
        "warning: --diff should be an earlier output; got none at 'nowhere'."
    )


def test_generic__streams_to_stdout(rfm_process, words, folder):
    more = ["--platform", "generic", "--consent", "consent_ads", "-o", "-"]
    done = rfm_process(*words, *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = pa.ipc.open_stream(done.stdout).read_all()
    assert table["customer_id"].to_pylist() == ["c01", "c02", "c04"]
    assert b"3 rows in -" in done.stderr


def test_options__may_be_in_the_config_file(rfm, words, folder):
    (folder / "rfm.toml").write_text(
        '[audience]\nsuppress = ["gone.csv"]\ndefault-country = "DE"\n'
    )
    try:
        done = rfm(*words, "--json")
    finally:
        (folder / "rfm.toml").unlink()
    assert json.loads(done.stdout)["not_suppressed"] == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--platform", "facebook"], "--platform must be one of google, meta, tiktok, klaviyo"),
        (["--platform", "generic"], "--consent must name the column of consent for --platform"),
        (["--default-country", "Germany"], "--default-country must be a country code of two"),
        (["--columns", "segment"], "--columns must be used with --platform generic; got it"),
        (["--who", "nonsense >= 1"], "snapshot 'customers.parquet' must have the column"),
        (["--diff", "list.csv"], "-o must be a folder with --diff; got 'list.csv'."),
        (["--suppress", "missing.csv"], "missing.csv must exist; got no such file or folder."),
        (["--contacts", "-"], "--contacts must be a file; got -."),
        (["-o", "list.xlsx"], "-o must end in .parquet, .arrow, .csv, .csv.gz"),
        (["--consent", "ok", "--no-consent-check"], "--no-consent-check must be used without"),
        (["--platform", "generic", "--columns", "x", "--consent", "consent_ads"],
         "--columns must have a column that says who a row is"),
        (["--platform", "generic", "--columns", "email,xsegment", "--consent", "consent_ads"],
         "--columns must name columns of the snapshot or of the contacts; got 'xsegment'. "),
    ],
)  # fmt: skip
def test_refusals__name_the_option(rfm, words, more, said):
    done = rfm(*words, *more)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith(f"error: {said}")
    assert done.stderr.count("\n") == 1


def test_history__means_its_newest_snapshot(rfm, orders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o700)
    assert rfm("history", "build", orders, "-o", "shop", "--as-of", "2025-11-30,2025-12-31",
               "-q").exit_code == 0  # fmt: skip
    (tmp_path / "contacts.csv").write_text("customer_id,email,consent_ads\n1,a@x.de,1\n")
    given = ["audience", "shop", "--who", "recency_days >= 0", "--contacts", "contacts.csv"]
    done = rfm(*given, "--platform", "meta", "-o", "list.csv", "--json")
    assert json.loads(done.stdout)["as_of"] == "2025-12-31"
    done = rfm(*given, "--platform", "meta", "-o", "shop/list.csv")
    assert done.exit_code == 2
    assert "-o must not be inside the history; got 'shop/list.csv'" in done.stderr
