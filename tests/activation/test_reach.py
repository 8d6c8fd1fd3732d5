"""Consent and suppression: per channel, by customer, e-mail, phone number and hash."""

from __future__ import annotations

import uuid
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine
from rfm_engine import DataError, UsageError
from rfm_engine.activation.reach import reach_of
from rfm_engine.query.session import Machine

MACHINE = Machine(1, None, None)
CHANNELS = ("email", "sms", "ads")
HEADER = "customer_id,email,phone,consent_email,consent_sms\n"
UUIDS = [uuid.UUID(int=n) for n in range(1, 5)]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    place = tmp_path_factory.mktemp("reach") / "customers.parquet"
    return snapshot_of(pa.array([1, 2, 3, 4]), place)


def snapshot_of(ids, place, **options):
    orders = pa.table({
        "customer_id": ids, "order_time": ["2026-01-01"] * len(ids), "amount": [1] * len(ids),
    })  # fmt: skip
    rfm_engine.score(orders, as_of="2026-01-31", output=place, **options)
    return rfm_engine.read_snapshot(place)


def reach(snapshot, tmp_path, contacts, *suppress, **more):
    place = None
    if contacts is not None:
        place = tmp_path / "contacts.csv"
        place.write_text(contacts, "utf-8")
    lists = []
    for number, text in enumerate(suppress):
        lists.append(tmp_path / f"suppress-{number}.csv")
        lists[-1].write_text(text, "utf-8")
    found = reach_of(snapshot, place, lists, CHANNELS, MACHINE, **more)
    return [None if table is None else pairs(table) for table in found]


def pairs(table):
    assert table.schema.field("channel").type == pa.string()
    return [(row["channel"], row["customer_id"]) for row in table.to_pylist()]


def test_consent__is_true_in_any_row_and_never_null_or_missing(snapshot, tmp_path):
    rows = (
        "1,a@x.de,,true,\n1,b@x.de,,false,no\n2,c@x.de,,,1\n3,d@x.de,,FALSE,Yes\n,e@x.de,,true,\n"
    )
    consented, suppressed = reach(snapshot, tmp_path, HEADER + rows)
    assert consented == [("email", 1), ("sms", 2), ("sms", 3)]
    assert suppressed == []
    assert reach(snapshot, tmp_path, None) == [None, []]


def test_suppression__by_id_is_for_all_channels(snapshot, tmp_path):
    consented, suppressed = reach(
        snapshot, tmp_path, HEADER + "1,a@x.de,,true,\n", "customer_id\n1\n"
    )
    assert consented == [("email", 1)]
    assert suppressed == [("ads", 1), ("email", 1), ("sms", 1)]
    assert reach(snapshot, tmp_path, None, "customer_id\n2\n9\n2\n")[1][:2] == [
        ("ads", 2),
        ("ads", 9),
    ]


def test_suppression__by_email_needs_all_consented_emails(snapshot, tmp_path):
    rows = (
        "1,a.b+news@Gmail.com,,true,\n1,second@x.de,,true,\n1,third@x.de,,false,\n"
        "2,Two@x.de ,,true,\n3,,,true,\n"
    )
    _, suppressed = reach(snapshot, tmp_path, HEADER + rows, "email\nab@gmail.com\nTWO@X.DE\n")
    assert suppressed == [("email", 2)]
    digest = sha256(b"second@x.de").hexdigest().upper()
    _, suppressed = reach(
        snapshot, tmp_path, HEADER + rows, "email\nab@gmail.com\n", f"hash\n{digest}\n"
    )
    assert suppressed == [("email", 1)]


@pytest.mark.parametrize(
    "listed",
    ["+49 30 901820", "0049(0)30/901820", "030 901820", sha256(b"4930901820").hexdigest(),
     sha256(b"+4930901820").hexdigest()],
)  # fmt: skip
def test_suppression__by_phone_compares_normal_forms(snapshot, tmp_path, listed):
    rows = "1,,+49 (30) 90-1820,,true\n2,,+49 30 901821,,true\n"
    country = rfm_engine.activation.phones.country_of("de")
    _, suppressed = reach(snapshot, tmp_path, HEADER + rows, f"phone\n{listed}\n", country=country)
    assert suppressed == [("sms", 1)]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["1", "007", "é"]),
        pa.array([b"\x01", b"\x02", b"\xff"]),
        pa.array([2**63, 7, 9], pa.uint64()),
        pa.array([each.bytes for each in UUIDS[:3]], pa.uuid()),
    ],
    ids=["text", "binary", "unsigned", "uuid"],
)
def test_ids__have_the_type_of_the_snapshot(tmp_path, ids):
    place = tmp_path / "contacts.parquet"
    pq.write_table(pa.table({"customer_id": ids, "consent_email": [True, False, True]}), place)
    snapshot = snapshot_of(ids, tmp_path / "customers.parquet")
    kind = snapshot.schema.field(0).type
    lists = tmp_path / "suppress.parquet"
    pq.write_table(pa.table({"customer_id": ids[:1]}), lists)
    found = reach_of(snapshot, place, [lists], ["email"], MACHINE)
    consented, suppressed = found.consented["customer_id"], found.suppressed["customer_id"]
    assert consented.type == suppressed.type == kind
    assert sorted(consented.to_pylist()) == sorted(ids.take(pa.array([0, 2])).to_pylist())
    assert suppressed.to_pylist() == ids[:1].to_pylist()


def test_uuids__are_read_from_text(tmp_path):
    ids = pa.array([each.bytes for each in UUIDS], pa.uuid())
    snapshot = snapshot_of(ids, tmp_path / "customers.parquet")
    rows = f"{str(UUIDS[3]).upper()},,,true,\n"
    assert reach(snapshot, tmp_path, HEADER + rows)[0] == [("email", UUIDS[3])]
    with pytest.raises(DataError, match=r"another value in .*row 1. Correct the ids.$"):
        reach(snapshot, tmp_path, HEADER + "joe@example.com,,,true,\n")


@pytest.mark.parametrize(
    ("contacts", "suppress", "said"),
    [
        (None, "email\na@x.de\n", "must have only customers without contacts; got e-mails"),
        ("a@x.de,+491701234567\n", None, "contacts must have the column 'customer_id'; got none."),
        (
            HEADER + "a@x.de,,,true,\n", None,
            r"ids of contacts must have the type of the customers, int64; got another .*, row 1",
        ),
        (
            HEADER + "1,,,maybe a@x.de,\n", None,
            r"column 'consent_email' of contacts must be true, false or empty; got .*, row 1",
        ),
        (HEADER + "99999999999999999999,,,true,\n", None, "got another value in"),
        (HEADER + "9223372036854775808,,,true,\n", None, "got "),
        (None, "a@x.de\nb@x.de\n", "must have a column customer_id, email, phone or hash; got"),
        (HEADER + "1,a@x.de\n", None, "rows must have as many fields as the header, 5; got 2 in"),
    ],
)  # fmt: skip
def test_errors__never_show_a_value(snapshot, tmp_path, contacts, suppress, said):
    with pytest.raises((UsageError, DataError), match=said) as raised:
        reach(snapshot, tmp_path, contacts, *([] if suppress is None else [suppress]))
    assert "x.de" not in str(raised.value)
    assert "922337" not in str(raised.value)
    assert "999" not in str(raised.value)
