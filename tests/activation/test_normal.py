"""Normalising e-mails and phones: equal to a reference, on all ways, for nasty texts."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine import UsageError
from rfm_engine.activation.audiences.ascii_steps import ascii_normal
from rfm_engine.activation.audiences.cells import Normal, hex_texts
from rfm_engine.activation.audiences.platform import PLATFORMS, platform_of
from rfm_engine.activation.audiences.steps import STEPS, applied, steps_of
from rfm_engine.activation.normal_text import composed, hash_of
from rfm_engine.activation.phones import countries, country_of, e164
from rfm_engine.activation.suppression import email_forms, phone_forms
from tests.activation import reference_contacts as ref

NASTY = (
    "aZ09.+-_@@ \t\n\r\x0b\x1c\x1f\x85\xa0\u3000\u200b\u200d\ufeff\u2060İßΣςéÅ\u0301\u212bﬁ'\"=,"
)
WORDS = ("gmail.com", "GoogleMail.com", "example.org", "@", "+news", ".", " ", "a" * 64, "\u00a0")
TEXTS = st.one_of(
    st.text(NASTY, max_size=12),
    st.text(max_size=8),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(NASTY, max_size=4)), max_size=6).map(
        "".join
    ),
    st.builds(
        "{}{}@{}{}".format,
        st.text("ab.C+ \u200b", max_size=6), st.sampled_from(["", "é", "e\u0301"]),
        st.sampled_from(["gmail.com", "Gmail.com", "x.org", "y"]), st.sampled_from(["", " ", "."]),
    ),
)  # fmt: skip
PLAIN = st.text("aB1.+-@@ ()0\t\n", max_size=12)
HASHES = st.builds(
    "{}{}{}".format, st.text(" \t\u00a0\u200b\ufeff", max_size=2),
    st.text("0aF", min_size=63, max_size=65), st.text(" \n\u3000", max_size=2),
)  # fmt: skip
PHONES = st.one_of(
    st.text("+0123456789 -().·/\t\u00a0", max_size=20),
    st.from_regex(r"[ (]?(\+|00)?[0-9][0-9 ./()-]{5,16}", fullmatch=True).filter(str.isascii),
)
COLUMNS = [
    ("google", 0, "google"), ("meta", 0, "meta"), ("tiktok", 0, "tiktok"),
    ("tiktok", 1, "tiktok+"), ("klaviyo", 0, "klaviyo"), ("shopify", 2, "shopify"),
]  # fmt: skip


def cells(platform, place, texts):
    rule = platform_of(platform).columns[place]
    found = Normal(rule, None).of(pa.array(texts, pa.string()))
    values = found.values
    listed = hex_texts(values) if rule.hashed else values.cast(pa.string())
    return listed.to_pylist(), found


@pytest.mark.parametrize(("platform", "place", "name"), COLUMNS)
@given(texts=st.lists(TEXTS | HASHES, max_size=20))
def test_emails__equal_the_reference(platform, place, name, texts):
    found, about = cells(platform, place, texts)
    assert found == [ref.cell_of(text, "email", name) for text in texts]
    for n, text in enumerate(texts):
        is_bad = bool(ref.trim(text)) and found[n] is None and ref.email_of(text, name) != ""
        assert about.reasons.get("invalid_email", [False] * len(texts))[n] == is_bad


@pytest.mark.parametrize("name", PLATFORMS)
@given(texts=st.lists(TEXTS | HASHES | PHONES | PLAIN, max_size=20))
def test_many_texts_at_once__give_the_same_as_each_alone(name, texts):
    for rule in platform_of(name).columns:
        steps = steps_of([each for each in rule.steps if each != "us-zip"], None)
        many = ascii_normal(rule, pa.array(texts, pa.string())).to_pylist()
        for text, found in zip(texts, many, strict=True):
            assert found is None or (found == applied(steps, text) and hash_of(text) is None)


@pytest.mark.parametrize("text", ["a+x@b.co+m", "a@b.co+m", "a+x@b+c@d.e", "a+@b@+.c", "a+\n+@b.c"])
def test_plus__after_the_at_sign_stays(text):
    [found], _ = cells("tiktok", 1, [text])
    assert found == ref.cell_of(text, "email", "tiktok+")


@given(texts=st.lists(PHONES, max_size=20))
def test_phones__equal_the_reference(texts):
    for platform, place in (("google", 1), ("meta", 1), ("klaviyo", 1)):
        plain = [text for text in texts if "(" not in text or "0" not in text]
        found, _ = cells(platform, place, plain)
        assert found == [ref.cell_of(text, "phone", platform) for text in plain]


@given(text=TEXTS, name=st.sampled_from(sorted(STEPS)))
def test_steps__change_nothing_the_second_time(text, name):
    once = STEPS[name](composed(text))
    if once is not None and name not in ("tag", "no-prefix", "no-suffix"):
        assert STEPS[name](once) == once


@given(text=TEXTS | HASHES)
def test_forms__of_an_email_equal_the_reference(text):
    assert {each.hex() for each in email_forms(text)} == ref.forms(text, "email")


@given(text=PHONES.filter(lambda text: "(" not in text) | HASHES)
def test_forms__of_a_phone_equal_the_reference(text):
    assert {each.hex() for each in phone_forms(text, None)} == ref.forms(text, "phone")


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+49 (0)30 901820", None, "+4930901820"), ("0049 30/90.18-20", None, "+4930901820"),
        ("030 901820", "DE", "+4930901820"), ("(030) 901820", "de", "+4930901820"),
        ("06 698 12345", "IT", "+390669812345"), ("+39 (0)6 698 12345", None, "+390669812345"),
        ("(800) 555-0100", "US", "+18005550100"), ("1-800-555-0100", "US", "+18005550100"),
        ("+1 800 555 0100 ext 5", None, None), ("+0049 30 901820", None, None),
        ("030 901820", None, None), ("+123", None, None), ("+1234567890123456", None, None),
        ("++4930901820", None, None), ("", "DE", None), ("+", None, None),
        ("\uff0b\uff14\uff19 30 901820", None, "+4930901820"),
        ("\u200e+49\u00a030\u2011901820", None, "+4930901820"),
        ("+\u0664\u0669 30 901820", None, "+4930901820"),
    ],
)  # fmt: skip
def test_phones__become_international(text, country, number):
    assert e164(text, None if country is None else country_of(country)) == number


def test_phones__without_a_country_have_their_own_reason():
    _, found = cells("google", 1, ["030 901820", "+49 x", "+49 30 901820"])
    assert {name: mask.tolist() for name, mask in found.reasons.items()} == {
        "phone_without_country": [True, False, False],
        "invalid_phone": [False, True, False],
    }


def test_countries__are_codes_of_two_letters():
    assert all(len(name) == 2 and name.isupper() for name in countries())
    assert all(each.code.isdecimal() and len(each.code) <= 3 for each in countries().values())
    with pytest.raises(UsageError, match="default_country must be a country code of two letters"):
        country_of("Germany")
