"""The rules of platforms: each has a date and a source, and gives the hashes of the platforms."""

from __future__ import annotations

import unicodedata
from datetime import date
from hashlib import sha256

import pyarrow as pa
import pytest

from rfm_engine import UsageError
from rfm_engine.activation.audiences.cells import Normal, hashed_texts, hex_texts
from rfm_engine.activation.audiences.platform import (
    CONTACT_FIELDS,
    IDENTIFIERS,
    PLATFORMS,
    SEGMENT,
    platform_of,
    rules_of,
)
from rfm_engine.activation.audiences.steps import MEANINGS, STEPS
from rfm_engine.activation.phones import country_of

HEADERS = {
    "google": "Email,Phone,First Name,Last Name,Country,Zip",
    "meta": "email,phone,fn,ln,ct,st,country,zip",
    "tiktok": "Email_SHA256,Email_SHA256,Phone_SHA256",
    "klaviyo": "Email,Phone Number,First Name,Last Name,City,Region,Zip Code,Country,RFM Segment",
    "shopify": "First Name,Last Name,Email,Accepts Email Marketing,Accepts SMS Marketing,Phone,"
    "Tags",
    "generic": "customer_id,segment",
}
JANE, O_NEIL = " Jane.Doe+News@Gmail.com ", "O'Neil"
GOLDEN = [
    ("google", "Email", "cloudy.sanfrancisco+shopping@gmail.com",
     "223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4"),
    ("google", "Email", "user.name+NYC@Example.com",
     "f109a2a632fbcea5fc82049f50beed3d8621bf9034399f437fb622222acccdac"),
    ("google", "Email", JANE, "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"),
    ("google", "Email", "JOE@Example.COM",
     "2481f36dfc515ca76451aaadf1399026942a01ee50c6d0a61988b43cef039bc2"),
    ("google", "Phone", "+37493828222",
     "241371e614f8650dfae0f111361c69de1bb4829a72b71bb8044daae8b2e7791d"),
    ("google", "Phone", "+1 (800) 555-0100",
     "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"),
    ("google", "Last Name", O_NEIL, "eb1aed4f494ca276"),
    ("google", "Last Name", f" {O_NEIL}, Jr. ", "eb1aed4f494ca276"),
    ("meta", "email", JANE, "f41439c944a763c9812d700a779941cec169de13c9ccd13aaf9424ba5231620a"),
    ("meta", "country", "US", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
    ("meta", "zip", "94016-1234",
     "ea49a862bf6e195fe92e0886ed8a89c6565137f3e90c0742d2a00952b307dd55"),
    ("meta", "ln", O_NEIL, "67a42a846e98e3c1"),
    ("tiktok", "Email_SHA256", " Jane Doe@gmail.com",
     "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"),
    ("tiktok", "Phone_SHA256", "00374 93 828 222",
     "65b7e6dcf6f4310f8d7cbfbd78289a753062fb054d6664fb9aaac5df66a422d4"),
]  # fmt: skip


def values_of(name, header, texts, country=None, place=0):
    """Return what a list has in a column for some texts of contacts."""
    platform = platform_of(name, [header] if name == "generic" else ())
    rule = [each for each in platform.columns if each.header == header][place]
    found = Normal(rule, None if country is None else country_of(country)).of(pa.array(texts))
    values = found.values
    if not rule.hashed:
        return values.cast(pa.string()).to_pylist()
    return (hex_texts(values) if rule.identifier else hashed_texts(values)).to_pylist()


@pytest.mark.parametrize("name", PLATFORMS)
def test_rules__have_a_date_and_a_source(name):
    rules = rules_of(name)
    others = [rules[key] for key in ("size", "together", "file") if key in rules]
    for rule in (*rules["columns"], *others):
        assert type(rule["checked_on"]) is date
        assert rule["source"].startswith("https://") or name == "generic"
    for rule in rules["columns"]:
        assert {*rule["steps"]} <= {*MEANINGS}
        assert rule["field"] in (*CONTACT_FIELDS, SEGMENT)
        assert rule.get("identifier", "main") in IDENTIFIERS
        assert name == "generic" or ("identifier" in rule) <= ("consent" in rule)


@pytest.mark.parametrize("name", PLATFORMS)
def test_headers__are_those_of_the_platform(name):
    assert ",".join(each.header for each in platform_of(name).columns) == HEADERS[name]


def test_steps__are_all_used_and_described():
    used = {
        step for name in PLATFORMS for rule in rules_of(name)["columns"] for step in rule["steps"]
    }
    assert used == {*MEANINGS}
    assert used - {"e164", "us-zip"} == {*STEPS}


@pytest.mark.parametrize(("name", "header", "text", "digest"), GOLDEN)
def test_hashes__are_those_that_the_platforms_publish(name, header, text, digest):
    [found] = values_of(name, header, [text])
    assert len(found) == 64
    assert found.startswith(digest)


def test_hashes__are_of_nfc_and_pass_hashes_through():
    composed, split = "josé@example.com", unicodedata.normalize("NFD", "josé@example.com")
    assert composed != split
    one, other = values_of("google", "Email", [composed, split])
    assert one == other
    assert one.startswith("b0a53cf1")
    assert sha256(split.encode()).hexdigest().startswith("70d72e4a")
    digest = "A" * 64
    assert values_of("meta", "email", [f" {digest} "]) == ["a" * 64]
    assert values_of("meta", "fn", [digest]) == ["a" * 64]


def test_tiktok__also_has_the_email_without_plus():
    first, second = (
        values_of("tiktok", "Email_SHA256", [JANE, "a@x.de"], place=place) for place in (0, 1)
    )
    assert first[0] != second[0]
    assert first[1] == second[1]


@pytest.mark.parametrize(
    ("header", "text", "found"),
    [
        ("First Name", " Mrs. Anna ", "anna"), ("First Name", "DR Anna", "anna"),
        ("First Name", "Dr. Mrs. Jane", "jane"), ("First Name", "Dr. Mrs.", "mrs."),
        ("Last Name", "Smith Jr., Ph.D.", "smith"), ("Last Name", "Jr. III", "jr."),
        ("First Name", "Mrs.", "mrs."), ("First Name", "Miss", "miss"),
        ("Last Name", "Smith III", "smith"), ("Last Name", "Smith Ph.D.", "smith"),
        ("Last Name", "Jr.", "jr."), ("Last Name", "Iversen", "iversen"),
    ],
)  # fmt: skip
def test_google__drops_titles_but_never_the_whole_name(header, text, found):
    [digest] = hashed_texts(pa.array([found])).to_pylist()
    assert values_of("google", header, [text]) == [digest]


def test_values__without_content_are_no_values():
    for name, header in (("google", "Email"), ("meta", "fn"), ("klaviyo", "First Name")):
        assert values_of(name, header, ["", " \u200b\u3000", None]) == [None] * 3
    assert values_of("meta", "fn", ["'-."]) == [None]


def test_countries__are_two_letters():
    assert values_of("google", "Country", ["de ", "Germany", "XX", "u s"]) == [
        "DE",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["email", "email_sha256"], "either plain or hashed; got 'email' and 'email_sha256'"),
        (["segment", "segment", "customer_id"], "must name each column once"),
        (["segment"], "must have a column that says who a row is"),
        ([""], "or phone_sha256; got ''. Name one, for example customer_id."),
    ],
)
def test_columns__of_a_generic_list_are_checked(columns, said):
    with pytest.raises(UsageError, match=said):
        platform_of("generic", columns)
    with pytest.raises(UsageError, match='columns must be used with platform="generic"; got it'):
        platform_of("meta", columns)
    with pytest.raises(UsageError, match="Did you mean 'google'"):
        platform_of("googel")
