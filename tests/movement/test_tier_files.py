"""Files of membership tiers are checked, with messages that say what is wrong."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.movement.tier_files import Tier, load_tiers, parse_tiers
from rfm_engine.movement.tier_linter import findings

CLUB = """
name = "club"
window = "12mo"
measure = "monetary"
valid_months = 12
[[tiers]]
name = "Member"
threshold = 0
[[tiers]]
name = "Silver"
threshold = 300.50
[[tiers]]
name = "Gold"
threshold = 1000
grace_months = 3
soft_landing = true
"""


def test_parse_tiers__reads_the_memory_of_all_tiers_and_of_each():
    program = parse_tiers(CLUB, "x")
    assert (program.name, program.title, program.window) == ("club", "", "12mo")
    assert program.tiers == (
        Tier("Member", Decimal(0), 12, 0, False),
        Tier("Silver", Decimal("300.50"), 12, 0, False),
        Tier("Gold", Decimal(1000), 12, 3, True),
    )
    assert list(findings(program)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("name =", "names ="), "tiers file 'x' must only have the keys name, title, window"),
        (("name =", "names ="), "got 'names'. Did you mean 'name'?"),
        (("name =", "name "), "tiers file 'x' must be TOML; got"),
        (('"club"', '"../club"'), "name of tiers file 'x' must be letters, digits, - and _"),
        (('"12mo"', '"1y"'), "window of tiers file 'x' must be days or months such as 365d or 12"),
        (('"12mo"', "12"), "window of tiers file 'x' must be days or months such as 365d or 12mo"),
        (('"monetary"', '"spend"'), "measure of tiers file 'x' must be 'monetary' or 'frequency';"),
        (("measure", "title = 3\nmeasure"), "title of tiers file 'x' must be text in one line"),
        (("[[tiers]]", "[tiers]"), "tiers file 'x' must be TOML"),
        (("valid_months = 12", ""), "valid_months of tier 1 of tiers file 'x' must be a whole nu"),
        (("= 12\n", "= 0\n"), "valid_months of tiers file 'x' must be a whole number from 1 to 12"),
        (("= 3\n", "= 3\nvalid_months = 0\n"), "valid_months of tier 3 of tiers file 'x' must be"),
        (("= 12\n", "= 12.0\n"), "from 1 to 1200; got 12.0. Write for example"),
        (("= 12\n", "= 1.5\n"), "got 1.5. Write for example valid_months = 12."),
        (("= 12\n", "= true\n"), "must be a whole number from 1 to 1200; got true. Write for"),
        (("= 12\n", "= 2026-01-31\n"), "from 1 to 1200; got 2026-01-31. Write for example"),
        (("= 12\n", '= "12"\n'), "from 1 to 1200; got '12'. Write for example valid_months = 12."),
        (("= 12\n", "= {a = [true]}\n"), "from 1 to 1200; got {a = [true]}. Write for example"),
        (('measure = "monetary"', ""), "measure of tiers file 'x' must be 'monetary' or '"),
        (('measure = "monetary"', ""), '; got none. Write for example measure = "monetary".'),
        (('"monetary"', "[]"), "measure of tiers file 'x' must be 'monetary' or 'frequency'; "),
        (("grace_months = 3", "grace_months = -1"), "grace_months of tier 3 of tiers file 'x'"),
        (("= true", '= "yes"'), "soft_landing of tier 3 of tiers file 'x' must be true or false"),
        (("= 300.50", "= 1000"), "tiers in tiers file 'x' must have ascending thresholds; got"),
        (("= 0\n", "= 1\n"), "first tier in tiers file 'x' must have threshold 0; got 1. Set it"),
        (("300.50", "nan"), "from 0 below 10^15 with at most 12 decimals; got nan. Write for ex"),
        (("300.50", "inf"), "threshold of tier 2 of tiers file 'x' must be a number from 0 below"),
        (("300.50", "-1"), "from 0 below 10^15 with at most 12 decimals; got -1. "),
        (("300.50", "1e-13"), "must be a number from 0 below 10^15 with at most 12 decimals"),
        (("300.50", "1e15"), "must be a number from 0 below 10^15 with at most 12 decimals"),
        (("300.50", "true"), "threshold of tier 2 of tiers file 'x' must be a number from 0 below"),
        (('"Gold"', '"Silver"'), "tiers in tiers file 'x' must have different names; got 'Sil"),
        (('"Gold"', '" "'), "name of tier 3 of tiers file 'x' must be text in one line; got ' '."),
        (('"Gold"', '"G"\nlevel = 3'), "tier 3 of tiers file 'x' must only have the keys name, t"),
        (('"monetary"', '"frequency"'), "must be a whole number, because measure is 'frequency';"),
    ],
)
def test_parse_tiers__refuses(change, said):
    with pytest.raises(UsageError) as raised:
        parse_tiers(CLUB.replace(*change), "x")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert re.search(r"; got .*[^.]\. [A-Z][^.]+(\.toml)?[.?]$", str(raised.value))


@pytest.mark.parametrize("tiers", ["", "tiers = []", "tiers = 3", "tiers = [3]"])
def test_parse_tiers__refuses_files_without_tiers(tiers):
    head = CLUB[: CLUB.index("[[")]
    with pytest.raises(UsageError, match=r"^tiers file 'x' must have 1 to 100 tables \[\["):
        parse_tiers(head + tiers, "x")


def test_load_tiers__refuses_files_that_are_not_text(tmp_path):
    with pytest.raises(
        UsageError, match=r"tiers file 'no\.toml' must be readable text; got no such"
    ):
        load_tiers("no.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="must be readable text; got bytes that are not UTF-8"):
        load_tiers(tmp_path / "bytes.toml")
    (tmp_path / "club.toml").write_text(CLUB)
    assert load_tiers(tmp_path / "club.toml") == parse_tiers(CLUB, "x")


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("300.50", "300.5", True),
        ("1000", "1e3", True),
        ("[[tiers]]", "# more\n[[tiers]]", True),
        ("measure", 'title = "Club"\nmeasure', True),
        ("300.50", "300.51", False),
        ("12mo", "12d", False),
        ("Gold", "gold", False),
        ("= 3\n", "= 2\n", False),
        ("true", "false", False),
    ],
)
def test_digest__is_of_what_decides(old, new, is_same):
    changed = parse_tiers(CLUB.replace(old, new), "x")
    assert (changed.digest == parse_tiers(CLUB, "x").digest) is is_same


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"Gold"', '"silver"'), "tiers 'Silver' and 'silver' differ only in case"),
        (("= 3\n", "= 12\n"), "tier 'Gold' is kept for 12 months of grace, not less than the 12"),
        (("= 12\n", "= 1\n"), "for 3 months of grace, not less than the 1 month for which it"),
        (("= 3\n", "= 0\nvalid_months = 1\n"), "'Gold' is valid for 1 month, less than"),
        (("= 3\n", "= 3\nvalid_months = 6\n"), "tier 'Gold' is valid for 6 months, less than the"),
        ((CLUB[CLUB.index('[[tiers]]\nname = "Gold"') :], ""), None),
        ((CLUB[CLUB.index('[[tiers]]\nname = "Silver"') :], ""), "tier 'Member' is the only one"),
        ((CLUB[CLUB.index('[[tiers]]\nname = "Gold"') :], "soft_landing = true"), "has no effect"),
    ],
)
def test_findings__note_what_is_doubtful(change, said):
    found = list(findings(parse_tiers(CLUB.replace(*change), "x")))
    assert [each.error for each in found] == ([] if said is None else [False])
    assert said is None or said in found[0].text
