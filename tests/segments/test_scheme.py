"""Scheme files of users are read, or refused with a one-line message."""

from __future__ import annotations

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.catalogue import load_scheme
from rfm_engine.segments.frozen_scheme import own_scheme
from rfm_engine.segments.labels import score_text, segment_names
from rfm_engine.segments.parser import parse_scheme, scheme_of


def test_layout__first_match_wins_and_the_rest_is_named(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'otherwise = "Rest"\nbins = { r = 2, f = 2, m = 2 }\n'
        '[[segments]]\nname = "A"\nr = 2\nm = [1, 1]\n[[segments]]\nname = "B"\nr = [1, 2]\nf = 2\n'
    )
    scheme = load_scheme(file)
    bins = Bins(2, 2, 2)
    names = segment_names(scheme, bins)
    got = {bins.scores(c): names[s] for c, s in enumerate(scheme.layout(bins))}
    assert names == ["A", "B", "Rest"]
    assert got == {
        (1, 1, 1): "Rest", (1, 1, 2): "Rest", (1, 2, 1): "B", (1, 2, 2): "B",
        (2, 1, 1): "A", (2, 1, 2): "Rest", (2, 2, 1): "A", (2, 2, 2): "B",
    }  # fmt: skip


def test_load__otherwise_may_be_a_table_with_texts(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[segments]]\nname = "A"\nr = 2\n[otherwise]\nabout = "The rest."\n')
    scheme = load_scheme(file)
    assert scheme.has_otherwise
    assert scheme.words == {"A": (None, None), "Others": ("The rest.", None)}


def test_load__asleep_names_segments_or_otherwise():
    text = 'asleep = ["Rest", "A", "A"]\notherwise = "Rest"\n[[segments]]\nname = "A"\nr = 2\n'
    scheme = parse_scheme(text, "mine.toml")
    assert scheme.asleep == ("Rest", "A")
    assert scheme_of(own_scheme(scheme), "again").asleep == scheme.asleep
    assert "asleep" not in own_scheme(load_scheme("classic"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "must be TOML"),
        ("", r"must have \[\[segments\]\]; got none"),
        (
            '[segments]\nname = "A"\n',
            r"\[\[segments\]\]; got \[segments\]. Write \[\[segments\]\] with double",
        ),
        (
            '[segments]\nname = "A"\n[segments]\nname = "B"\n',
            r"must be TOML; got .*twice.*\. Write \[\[segments\]\] with double brackets, once",
        ),
        ("segments = 3", r"must have \[\[segments\]\]; got 3\. Write"),
        ("[[segments]]\nr = 1", "must have a name; got none"),
        ("[[segments]]\nname = 1", "must have a name; got 1"),
        ('[[segments]]\nname = ""', "must have a name; got ''"),
        ('[[segments]]\nname = "A"\nfm = [2.5, 3.5]', r"a whole score or .* got \[2.5, 3.5\]"),
        ('[[segments]]\nname = "A"\nr = [0, 2]', r"within 1 to 5; got \[0, 2\]"),
        ('[[segments]]\nname = "A"\nr = [3, 2]', r"r of segment 'A'"),
        ('[[segments]]\nname = "A"\nr = 6', "within 1 to 5; got 6"),
        ('[[segments]]\nname = "A"\nrecency = 1', "got 'recency'"),
        ('[[segments]]\nname = "A"\n[[segments]]\nname = "A"', "got 'A' twice"),
        ('colour = "red"\n[[segments]]\nname = "A"', "got 'colour'"),
        ('bins = 1\n[[segments]]\nname = "A"', "bins of"),
        ('bins = { x = 5 }\n[[segments]]\nname = "A"', "got 'x'"),
        ('bins = { r = "5" }\n[[segments]]\nname = "A"', "bins of"),
        ('bins = { r = 1 }\n[[segments]]\nname = "A"', "bins of"),
        ('method = { r = "magic" }\n[[segments]]\nname = "A"', "method for r of"),
        ('bins = { r = 3 }\ncuts = { r = [2, 1] }\n[[segments]]\nname = "A"', "ascending"),
        ('cuts = { r = 2 }\n[[segments]]\nname = "A"', "cuts of"),
        ('first_score = 1.0\n[[segments]]\nname = "A"', "0 or 1"),
        ("bins = " + "9" * 5_000 + '\n[[segments]]\nname = "A"', "thousands of digits"),
        ("bins = 0x" + "f" * 5_000 + '\n[[segments]]\nname = "A"', "got a number of 20,000 bits"),
        ("bins = " + "[" * 5_000 + "]" * 5_000, "nested too deeply"),
        ("title = 1e99999999999999999999", "exponent that is too large"),
        (
            'cuts = { r = ["'
            + "9" * 5_000
            + '", 2, 3, 4] }\nmethod = "thresholds"\n[[segments]]\nname = "A"',
            "ascending",
        ),
        ('asleep = ["B"]\n[[segments]]\nname = "A"', "asleep of .* among A; got 'B'"),
        ('asleep = "A"\n[[segments]]\nname = "A"', "asleep of .* must be a list of names"),
        ('asleep = [1]\n[[segments]]\nname = "A"', r"a list of names of segments; got \[1\]"),
        ('otherwise = "A"\n[[segments]]\nname = "A"\nr = 1', "otherwise of"),
        ('otherwise = 3\n[[segments]]\nname = "A"', "otherwise"),
        ('[[segments]]\nname = "A"\n[otherwise]\nname = 3', "name of otherwise of scheme"),
        ('[[segments]]\nname = "A"\n[otherwise]\nabout = ""', "about of otherwise of scheme"),
        ('[[segments]]\nname = "A"\n[otherwise]\nr = 3', "must only have the keys about, action"),
    ],
)
def test_load__what_is_no_scheme_is_refused_with_the_place(tmp_path, text, message):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load_scheme(file)
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load__unknown_name_or_file():
    with pytest.raises(UsageError, match=r"value-tiers or a \.toml file; got 'clasic'"):
        load_scheme("clasic")
    with pytest.raises(UsageError, match=r"no-such\.toml"):
        load_scheme("no-such.toml")


def test_score_text__joins_from_ten_bins_on():
    assert score_text(Bins(5, 5, 5), 124) == "555"
    assert score_text(Bins(9, 2, 2), 0) == "111"
    assert score_text(Bins(10, 2, 2), 39) == "10-2-2"
