"""Audiences equal those by hand: who is in them, each identifier once, and the counts."""

from __future__ import annotations

import random
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine
from rfm_engine import DataError, UsageError
from tests.activation import audience_shop as shop
from tests.activation.reference_contacts import rows_of, sha
from tests.conftest import DEEP

FEW = settings(max_examples=1_000 if DEEP else 3)
PLACES = {"google": (0, 1), "klaviyo": (0, 1)} | ({"shopify": (2, 5)} if DEEP else {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("audience")
    place.chmod(0o700)
    return place


@pytest.fixture(scope="module")
def snapshot(folder):
    return shop.snapshot(folder / "customers.parquet")


def run(snapshot, folder, rows, lists=None, *, platform="google", least=0, **options):
    contacts = shop.write_contacts(folder / "contacts.csv", rows)
    place = folder / options.pop("name", "list.csv")
    found = rfm_engine.audience(
        snapshot, who=f"monetary >= {least}", platform=platform, contacts=contacts, output=place,
        suppress=shop.write_suppress(folder, lists or {}), **options,
    )  # fmt: skip
    return found, rows_of(place.read_text("utf-8")) if place.suffix == ".csv" else None


@pytest.mark.parametrize("platform", PLACES)
@FEW
@given(rows=shop.CONTACTS, lists=shop.SUPPRESS, least=st.sampled_from([0, 3, 99]))
def test_audience__equals_the_reference(snapshot, folder, platform, rows, lists, least):
    found, listed = run(snapshot, folder, rows, lists, platform=platform, least=least)
    wanted = shop.expected(rows, lists, platform, least)
    counts = dict(found.counts)
    written = counts.pop("written")
    assert counts == wanted.counts
    assert {each.reason: each.rows for each in found.invalid} == wanted.invalid
    for column, place in enumerate(PLACES[platform], 1):
        cells = [row[place] for row in listed[1:] if row[place]]
        assert len(cells) == len(set(cells))
        assert set(cells) == {row[column] for row in wanted.rows if row[column]}
    assert found.rows == len(listed) - 1
    owners = {}  # the smallest customer of each identifier
    for who, *cells in wanted.rows:
        for kind, cell in enumerate(cells):
            if cell:
                owners[kind, cell] = min(owners.get((kind, cell), who), who)
    assert written == len(set(owners.values()))


@FEW
@given(rows=shop.CONTACTS, seed=st.integers(0, 9))
def test_audience__does_not_depend_on_threads_or_the_order_of_contacts(
    snapshot, folder, rows, seed
):
    first, listed = run(snapshot, folder, rows, platform="klaviyo", threads=1)
    random.Random(seed).shuffle(rows)
    second, again = run(snapshot, folder, rows, platform="klaviyo", threads=2)
    assert listed == again
    assert first.counts == second.counts


def test_audience__without_customers_has_only_a_header(snapshot, folder):
    found, listed = run(snapshot, folder, [], least=99)
    assert listed == [["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]]
    assert set(found.counts.values()) == {0}
    assert [each.code for each in found.warnings] == ["small_list"]


@pytest.mark.parametrize(("platform", "least"), [("google", 100), ("meta", 100), ("tiktok", 1000)])
def test_small_lists__cause_a_warning(snapshot, folder, platform, least):
    found, _ = run(snapshot, folder, [("c01", "a@x.de", "", "true", "", "")], platform=platform)
    [warning] = found.warnings
    assert f"at least {least:,} customers; got 1" in warning.text


def test_consent__must_have_a_column_or_not_be_checked(snapshot, folder):
    rows = [("c01", "a@x.de", "+4930901820", "", "", "")]
    with pytest.raises(UsageError, match="contacts must have the column 'consent_x'; got none"):
        run(snapshot, folder, rows, consent="consent_x")
    with pytest.raises(UsageError, match="consent must name the column of consent"):
        run(snapshot, folder, rows, platform="generic")
    with pytest.raises(UsageError, match="no_consent_check must be used without consent; got both"):
        run(snapshot, folder, rows, consent="consent_sms", no_consent_check=True)
    found, listed = run(snapshot, folder, rows, platform="shopify", no_consent_check=True)
    assert listed[1] == ["", "", "a@x.de", "no", "no", "+4930901820", "rfm:New Customers"]
    assert found.counts["written"] == 1


def test_shopify__says_yes_only_to_what_was_agreed(snapshot, folder):
    rows = [("c01", "a@x.de", "+4930901820", "", "true", "")]
    _, listed = run(snapshot, folder, rows, platform="shopify")
    assert listed[1] == ["", "", "a@x.de", "yes", "no", "", "rfm:New Customers"]


def test_generic__has_the_columns_that_were_chosen(snapshot, folder):
    rows = [("c03", "a@x.de", "", "true", "", ""), ("c01", "", "+4930901820", "true", "", "")]
    columns = ["customer_id", "monetary", "email_sha256", "phone"]
    chosen = {"platform": "generic", "columns": columns, "consent": "consent_ads"}
    _, listed = run(snapshot, folder, rows, **chosen)
    assert listed[1:] == [["c01", "1", "", "+4930901820"], ["c03", "3", sha("a@x.de"), ""]]
    found, _ = run(snapshot, folder, rows, name="list.parquet", **chosen)
    table = pq.read_table(folder / "list.parquet")
    assert table.column_names == columns
    assert table["monetary"].type == snapshot.schema.field("monetary").type
    assert found.rows == 2


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([5, 3]), pa.array([b"\x01", b"\xff"]),
        pa.array([uuid.UUID(int=7).bytes, uuid.UUID(int=3).bytes], pa.uuid()),
    ],
    ids=["int", "binary", "uuid"],
)  # fmt: skip
def test_ids__of_all_kinds_are_joined_and_written(folder, ids):
    orders = pa.table({"customer_id": ids, "order_time": ["2026-01-01"] * 2, "amount": [1, 2]})
    rfm_engine.score(orders, as_of="2026-01-31", output=folder / "kinds.parquet")
    people = {"customer_id": ids, "email": ["a@x.de", "b@x.de"], "ok": [True, True]}
    pq.write_table(pa.table(people), folder / "people.parquet")
    rfm_engine.audience(
        folder / "kinds.parquet", who="monetary > 0", platform="generic", consent="ok",
        contacts=folder / "people.parquet", output=folder / "kinds-list.parquet",
    )  # fmt: skip
    table = pq.read_table(folder / "kinds-list.parquet")
    assert table["customer_id"].type == ids.type
    assert table["customer_id"].to_pylist() == sorted(ids.to_pylist())


def test_ids__that_are_no_text_are_refused_in_csv(folder):
    ids = pa.array([b"\x01", b"\xff"])
    orders = pa.table({"customer_id": ids, "order_time": ["2026-01-01"] * 2, "amount": [1, 2]})
    rfm_engine.score(orders, as_of="2026-01-31", output=folder / "bytes.parquet")
    people = {"customer_id": ids, "email": ["a@x.de", "b@x.de"], "ok": [True, True]}
    pq.write_table(pa.table(people), folder / "bytes-people.parquet")
    given = {"who": "monetary > 0", "contacts": folder / "bytes-people.parquet", "consent": "ok"}
    place = folder / "bytes.csv"
    with pytest.raises(DataError, match="'customer_id' must be a number, time or text to be writ"):
        rfm_engine.audience(folder / "bytes.parquet", platform="generic", output=place, **given)
    assert not place.exists()
    found = rfm_engine.audience(folder / "bytes.parquet", platform="meta", output=place, **given)
    assert found.rows == 2


def test_groups__give_one_row_per_customer_with_all_segments(folder):
    orders = pa.table({
        "customer_id": ["a", "a", "b"], "shop": ["x", "y", "x"], "amount": [1, 50, 2],
        "order_time": ["2026-01-01", "2024-01-30", "2026-01-02"],
    })  # fmt: skip
    rfm_engine.score(orders, as_of="2026-01-31", by="shop", output=folder / "groups.parquet")
    (folder / "g.csv").write_text("customer_id,email,consent_email\na,a@x.de,1\nb,b@x.de,1\n")
    given = {"who": "monetary > 0", "contacts": folder / "g.csv", "output": folder / "g-list.csv"}
    found = rfm_engine.audience(folder / "groups.parquet", platform="shopify", **given)
    tags = {row[2]: row[6].split(", ") for row in rows_of((folder / "g-list.csv").read_text())[1:]}
    assert found.counts["members"] == 2
    assert len(tags["a@x.de"]) == 2
    assert all(tag.startswith("rfm:") for each in tags.values() for tag in each)
    with pytest.raises(UsageError, match=r"got monetary\. A customer may have a row per group"):
        rfm_engine.audience(
            folder / "groups.parquet", platform="generic", columns=["customer_id", "monetary"],
            consent="consent_email", **given,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("country", "code", "found"),
    [
        ("DE", "10115-22", "10115"), ("SA", "12345-6789", "12345"), ("DE", "D-10115", "D-10115"),
        ("JP", "100-0001", "100-0001"), ("PL", "00-950", "00-950"), ("PT", "1000-001", "1000-001"),
        ("BR", "01310-100", "01310-100"), ("US", "94016-1234", "94016-1234"),
        ("US", "94016-12", ""),
    ],
)  # fmt: skip
def test_google__drops_extensions_of_postal_codes_outside_the_us(
    snapshot, folder, country, code, found
):
    place = folder / "codes.csv"
    head = "customer_id,email,consent_ads,first_name,last_name,country,zip\n"
    place.write_text(f"{head}c01,a@x.de,1,Ann,Lee,{country},{code}\n")
    rfm_engine.audience(
        snapshot, who="monetary >= 0", platform="google", contacts=place, output=folder / "z.csv"
    )
    [row] = rows_of((folder / "z.csv").read_text())[1:]
    assert row[5] == found


def test_shopify__has_one_tag_for_a_segment_with_a_comma(folder):
    orders = pa.table({
        "customer_id": ["a", "a", "b"], "shop": ["x", "y", "x"], "amount": [90, 1, 90],
        "order_time": ["2026-01-01"] * 3,
    })  # fmt: skip
    scheme = folder / "commas.toml"
    scheme.write_text(
        '[[segments]]\nname = "Gold, big"\nwhen = ["monetary >= 50"]\n\n'
        '[[segments]]\nname = "Rest,of,them"\n'
    )
    (folder / "t.csv").write_text("customer_id,email,consent_email\na,a@x.de,1\nb,b@x.de,1\n")
    for by, tags in (("shop", "rfm:Gold big, rfm:Rest of them"), (None, "rfm:Gold big")):
        place = folder / "commas.parquet"
        rfm_engine.score(orders, as_of="2026-01-31", by=by, scheme=scheme, output=place)
        found = rfm_engine.audience(
            place, who="monetary > 0", platform="shopify", contacts=folder / "t.csv",
            output=folder / "tags.csv",
        )  # fmt: skip
        listed = {row[2]: row[6] for row in rows_of((folder / "tags.csv").read_text())[1:]}
        assert listed == {"a@x.de": tags, "b@x.de": "rfm:Gold big"}
        assert found.renamed["Gold, big"] == "Gold big"


def test_google__needs_all_parts_of_an_address(snapshot, folder):
    place = folder / "names.csv"
    place.write_text(
        "customer_id,email,consent_ads,first_name,last_name,country,zip\n"
        "c01,a@x.de,1,Ann,Lee,us,940161234\nc02,b@x.de,1,Ann,Lee,US,9401\nc03,c@x.de,1,Ann,,DE,10115\n"
        "c04,d@x.de,1,Ann,Lee,de,sw1a 1aa\n"
    )
    found = rfm_engine.audience(
        snapshot, who="monetary >= 0", platform="google", contacts=place, output=folder / "n.csv"
    )
    rows = rows_of((folder / "n.csv").read_text())[1:]
    assert [row[4:] for row in rows] == [
        ["US", "94016-1234"],
        ["", ""],
        ["", ""],
        ["DE", "SW1A 1AA"],
    ]
    assert [(each.reason, each.rows, each.first_row) for each in found.invalid] == [
        ("invalid_zip", 1, 2)
    ]


@pytest.mark.parametrize(
    ("output", "platform", "said"),
    [
        ("x.parquet", "google", "output must end in .csv for platform google; got"),
        ("x.csv.gz", "generic", "must end in .csv, .parquet, .arrow or - for platform generic"),
        ("contacts.csv", "google", "output must not be the contacts; got"),
        ("customers.parquet", "generic", "output must not be the snapshot; got"),
    ],
)
def test_outputs__are_checked_first(snapshot, folder, output, platform, said):
    with pytest.raises(UsageError, match=said):
        run(snapshot, folder, [], name=output, platform=platform, consent="consent_ads")


def test_contacts__must_have_an_address(snapshot, folder):
    (folder / "empty.csv").write_text("customer_id,consent_ads\nc01,1\n")
    given = {"who": "monetary > 0", "platform": "google", "output": folder / "list.csv"}
    with pytest.raises(UsageError, match="contacts must have the column 'email' or 'phone'"):
        rfm_engine.audience(snapshot, contacts=folder / "empty.csv", **given)
    with pytest.raises(UsageError, match="contacts must be a file of contacts; got none"):
        rfm_engine.audience(snapshot, **given)
    said = r"contacts must be in UTF-8; got {} in .*\. Save"
    for name, data, got in (
        ("row", "customer_id,email,consent_ads\nc01,é@x.de,1\n".encode("latin-1"), "other bytes"),
        ("head", "customer_id,email,naïve\nc01,a@x.de,1\n".encode("latin-1"), "other bytes"),
        ("wide", "customer_id,email,consent_ads\n".encode("utf-16"), "byte order mark of UTF-16"),
    ):
        place = folder / f"{name}.csv"
        place.write_bytes(data)
        with pytest.raises(DataError, match=said.format(f".*{got}")) as raised:
            rfm_engine.audience(snapshot, contacts=place, **given)
        assert "encoding=" not in str(raised.value)
    (folder / "floats.csv").write_text("customer_id,email,consent_ads\nc01,a@x.de,2\n")
    with pytest.raises(DataError, match="'consent_ads' of contacts must be true, false or empty"):
        rfm_engine.audience(snapshot, contacts=folder / "floats.csv", **given)
