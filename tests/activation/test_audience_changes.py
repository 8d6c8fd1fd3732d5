"""What is added and removed: the earlier list plus add minus remove is the new list."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine
from rfm_engine import DataError, UsageError
from rfm_engine.activation.audiences.platform import rules_of
from rfm_engine.output.atomic import MARKER
from tests.activation import audience_shop as shop
from tests.activation.reference_contacts import rows_of
from tests.conftest import COMPILED, DEEP

FEW = settings(max_examples=500 if DEEP else 3)
IDENTIFIERS = {
    "google": ("Email", "Phone"), "tiktok": ("Email_SHA256", "Phone_SHA256"),
    "klaviyo": ("Email", "Phone Number"),
}  # fmt: skip
PLATFORMS = list(IDENTIFIERS) if DEEP else ["google", "tiktok"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("changes")
    place.chmod(0o700)
    return place


@pytest.fixture(scope="module")
def snapshot(folder):
    return shop.snapshot(folder / "customers.parquet")


def run(snapshot, folder, rows, lists, name, **options):
    return rfm_engine.audience(
        snapshot, who="monetary >= 0", contacts=shop.write_contacts(folder / "contacts.csv", rows),
        suppress=shop.write_suppress(folder, lists), output=folder / name, **options,
    )  # fmt: skip


def identifiers(place, platform):
    """Return the pairs of kind and value that a list has; each occurs once."""
    head, *rows = rows_of(place.read_text("utf-8"))
    found = [
        (name, cell) for row in rows for name, cell in zip(head, row, strict=True)
        if cell and name in IDENTIFIERS[platform]
    ]  # fmt: skip
    assert len(found) == len(set(found)) or place.name == "add.csv"
    return set(found)


@pytest.mark.parametrize("platform", PLATFORMS)
@FEW
@given(
    before=shop.CONTACTS, after=shop.CONTACTS, gone=shop.SUPPRESS, as_folder=st.booleans(),
)  # fmt: skip
def test_changes__turn_the_earlier_list_into_the_new_one(
    snapshot, folder, platform, before, after, gone, as_folder
):
    for name in ("old", "new"):
        shutil.rmtree(folder / name, ignore_errors=True)
    first = "old" if as_folder else "old.csv"
    options = {"diff": folder / "none"} if as_folder else {}
    run(snapshot, folder, before, {}, first, platform=platform, **options)
    found = run(snapshot, folder, after, gone, "new", platform=platform, diff=folder / first)
    old = identifiers(folder / "old" / "list.csv" if as_folder else folder / first, platform)
    new = identifiers(folder / "new" / "list.csv", platform)
    added = identifiers(folder / "new" / "add.csv", platform)
    removed = identifiers(folder / "new" / "remove.csv", platform)
    assert (old | added) - removed == new
    assert removed == old - new
    assert new - old <= added <= new
    assert found.rows == len(rows_of((folder / "new" / "list.csv").read_text())) - 1
    assert found.added == len(rows_of((folder / "new" / "add.csv").read_text())) - 1
    assert found.removed == len(rows_of((folder / "new" / "remove.csv").read_text())) - 1


def test_first_list__adds_all_and_says_so(snapshot, folder):
    rows = [("c01", "a@x.de", "+4930901820", "true", "", "")]
    found = run(snapshot, folder, rows, {}, "first", platform="google", diff=folder / "typo")
    assert (found.added, found.removed) == (1, 0)
    assert "first_list" in [each.code for each in found.warnings]
    assert (folder / "first" / MARKER).is_file()
    again = run(snapshot, folder, [], {}, "first", platform="google", diff=folder / "typo")
    assert again.rows == 0  # a folder of ours is replaced


def test_shared_email__stays_while_one_customer_has_it(snapshot, folder):
    both = [("c01", "a@x.de", "+4930901820", "true", "", ""),
            ("c02", "A@x.de", "+4930901821", "true", "", "")]  # fmt: skip
    run(snapshot, folder, both, {}, "two.csv", platform="google")
    run(snapshot, folder, both[1:], {}, "one", platform="google", diff=folder / "two.csv")
    assert len(identifiers(folder / "one" / "remove.csv", "google")) == 1  # the phone of c01
    [row] = rows_of((folder / "one" / "remove.csv").read_text())[1:]
    assert row[0] == ""
    withdrawn = [(*both[1][:3], "false", "", "")]
    run(snapshot, folder, withdrawn, {}, "none-left", platform="google", diff=folder / "one")
    assert identifiers(folder / "none-left" / "list.csv", "google") == set()
    assert len(identifiers(folder / "none-left" / "remove.csv", "google")) == 2


def test_previous__must_be_a_list_of_the_platform(snapshot, folder):
    rows = [("c01", "a@x.de", "", "true", "true", "")]
    run(snapshot, folder, rows, {}, "k.csv", platform="klaviyo")
    given = {"platform": "google"}
    with pytest.raises(UsageError, match="must be a list of platform google with the columns Ema"):
        run(snapshot, folder, rows, {}, "new", diff=folder / "k.csv", **given)
    (folder / "bad.csv").write_text("Email,Phone,First Name,Last Name,Country,Zip\na@x.de,,,,,\n")
    with pytest.raises(DataError, match="column Email of diff must have SHA-256 hashes") as raised:
        run(snapshot, folder, rows, {}, "new", diff=folder / "bad.csv", **given)
    assert "x.de" not in str(raised.value)
    (folder / "bad.csv").write_text("Email,Phone,First Name,Last Name,Country,Zip\na@x.de\n")
    with pytest.raises(
        DataError, match="rows of diff must be as rfm audience wrote them"
    ) as raised:
        run(snapshot, folder, rows, {}, "new", diff=folder / "bad.csv", **given)
    assert "x.de" not in str(raised.value)
    with pytest.raises(UsageError, match="output must not be diff; got"):
        run(snapshot, folder, rows, {}, "new", diff=folder / "new", **given)
    with pytest.raises(UsageError, match="output must be a folder with diff; got"):
        run(snapshot, folder, rows, {}, "new.csv", diff=folder / "k.csv", **given)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "ARROW", "stream.arrow"])
def test_previous__may_be_a_table(snapshot, folder, kind):
    rows = [(who, "", "+4930901820", "true", "", "") for who in ("c01", "c02", "c03")]
    given = {"platform": "generic", "consent": "consent_ads", "columns": "customer_id"}
    old, name = folder / f"old.{kind}", "old.arrow" if kind == "stream.arrow" else f"old.{kind}"
    run(snapshot, folder, rows[:2], {}, name, **given)
    if kind == "stream.arrow":  # what `-o - > old.stream.arrow` writes
        with pa.ipc.open_file(folder / name) as file:
            table = file.read_all()
        with pa.ipc.new_stream(old, table.schema) as stream:
            stream.write_table(table)
    found = run(snapshot, folder, rows[1:], {}, "new-ids", diff=old, **given)
    assert (found.added, found.removed, found.rows) == (1, 1, 2)
    assert (folder / "new-ids" / "remove.csv").read_text() == "customer_id\nc01\n"


@pytest.mark.parametrize("name", ["torn.arrow", "torn.parquet"])
def test_previous__that_is_damaged_is_refused(snapshot, folder, name):
    given = {"platform": "generic", "consent": "consent_ads", "columns": "customer_id"}
    run(snapshot, folder, [("c01", "", "+4930901820", "true", "", "")], {}, name, **given)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="diff must be a list of platform generic with the colum"):
        run(snapshot, folder, [], {}, "not-written", diff=folder / name, **given)


def test_changes__of_binary_ids_need_other_columns(folder):
    ids = pa.array([b"\x01", b"\xff"])
    orders = pa.table({"customer_id": ids, "order_time": ["2026-01-01"] * 2, "amount": [1, 2]})
    rfm_engine.score(orders, as_of="2026-01-31", output=folder / "binary.parquet")
    people = {"customer_id": ids, "email": ["a@x.de", "b@x.de"], "ok": [True, True]}
    pq.write_table(pa.table(people), folder / "binary-people.parquet")
    given = {
        "who": "monetary > 0", "contacts": folder / "binary-people.parquet", "consent": "ok",
        "platform": "generic", "output": folder / "binary", "diff": folder / "nothing",
    }  # fmt: skip
    with pytest.raises(DataError, match=r"got binary\. Leave it out of columns, and choose email"):
        rfm_engine.audience(folder / "binary.parquet", **given)
    columns = ["email_sha256", "segment"]
    assert rfm_engine.audience(folder / "binary.parquet", columns=columns, **given).added == 2


def test_csv__in_capital_letters_is_written_and_compared_as_csv(snapshot, folder):
    rows = [("c01", "a@x.de", "", "", "true", "")]
    run(snapshot, folder, rows, {}, "lower.csv", platform="klaviyo")
    run(snapshot, folder, rows, {}, "UPPER.CSV", platform="klaviyo")
    assert (folder / "UPPER.CSV").read_bytes() == (folder / "lower.csv").read_bytes()
    found = run(snapshot, folder, rows, {}, "u", platform="klaviyo", diff=folder / "UPPER.CSV")
    assert (found.added, found.removed) == (0, 0)


def test_lists__of_killed_runs_are_deleted(snapshot, folder):
    lists = folder / "killed"
    lists.mkdir(mode=0o700)
    left = [".k.csv.0123abcd.tmp", ".k.part-00002.csv.0123abcd.tmp"]
    others = [".kk.csv.0123abcd.tmp", ".k.part-2.csv.0123abcd.tmp", ".k.0123abcd.tmp"]
    for name in (*left, *others):
        (lists / name).write_text("Email\na@x.de\n")
    run(snapshot, lists, [], {}, "k.csv", platform="klaviyo")
    there = {each.name for each in lists.iterdir()}
    assert there.isdisjoint(left)
    assert there >= {"k.csv", *others}
    run(snapshot, lists, [], {}, "k", platform="klaviyo", diff=lists / "k.csv")
    assert not (lists / others.pop()).exists()


def test_large_lists__have_several_files_and_leave_none_of_an_earlier_run(
    snapshot, folder, monkeypatch
):
    monkeypatch.setitem(rules_of("klaviyo")["file"], "most_bytes", 170)
    rows = [(who, f"{who}@x.de", "", "", "true", "") for who in shop.IDS]
    given = {"platform": "klaviyo"}
    found = run(snapshot, folder, rows, {}, "many.csv", **given)
    names = [f"many{end}.csv" for end in ("", ".part-00002", ".part-00003", ".part-00004")]
    assert [*map(str, found.files)][:2] == [str(folder / name) for name in names[:2]]
    assert len(found.files) > 2
    changed = run(snapshot, folder, rows[1:], {}, "many", diff=folder / "many.csv", **given)
    assert (changed.added, changed.removed, changed.rows) == (0, 1, 11)
    fewer = run(snapshot, folder, rows[:1], {}, "many.csv", **given)
    assert fewer.files == [str(folder / "many.csv")]
    assert [each.name for each in folder.glob("many.part*")] == []
    again = run(snapshot, folder, rows, {}, "more", diff=folder / "many", **given)
    assert (again.added, again.removed) == (1, 0)


@pytest.mark.skipif(not COMPILED and not DEEP, reason="scoring takes 20 s without the compiler")
def test_champions__of_cdnow_change_as_golden(cdnow, tmp_path):
    tmp_path.chmod(0o700)
    history = rfm_engine.History.create(tmp_path / "history")
    history.build(cdnow, as_of=["1998-05-31", "1998-06-30"])
    ids = cdnow["customer_id"].unique()
    import pyarrow.compute as pc
    from pyarrow import csv

    emails = pc.binary_join_element_wise(ids, "@example.com", "")
    people = pa.table({"customer_id": ids, "email": emails, "ok": pa.repeat(True, len(ids))})
    csv.write_csv(people, tmp_path / "contacts.csv")
    given = {
        "who": 'segment == "Champions"', "contacts": tmp_path / "contacts.csv", "consent": "ok",
        "platform": "google",
    }  # fmt: skip
    before = rfm_engine.audience(
        history.snapshot("1998-05-31"), output=tmp_path / "may.csv", **given
    )
    after = rfm_engine.audience(
        history, output=tmp_path / "june", diff=tmp_path / "may.csv", **given
    )
    assert (before.rows, after.added, after.removed, after.rows) == (4_078, 457, 384, 4_151)
