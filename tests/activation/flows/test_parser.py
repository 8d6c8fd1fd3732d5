"""Reading flows: what a file may have, and what a message says about the rest."""

from __future__ import annotations

import pytest

from rfm_engine import UsageError
from rfm_engine.activation.flows.catalogue import load_flows, text_of
from rfm_engine.activation.flows.parser import parse_flows
from rfm_engine.activation.flows.presets import shipped_flows

GOOD = """
name = "one"
title = "a flow"
trigger = "state"
where = ["recency_days <= 60"]
cooldown = "90d"
priority = 10
holdout_bp = 1000
channel = "email"
treatment = { kind = "coupon", value = 10.50, once = true }
window_days = 30
"""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('name = "One"', "must be small letters, digits and single hyphens, at most 64; got"),
        ('name = "a--b"', "must be small letters"),
        ("name = 3", "name of a flow in f.toml must be text in one line; got 3"),
        ('title = ""', "must be text in one line"),
        ('trigger = "daily"', "must be 'state' or 'event:TYPE'; got 'daily'"),
        ('trigger = "event:"', "must be 'state' or 'event:TYPE'"),
        ('where = "is_whale"', "must be a list of different texts"),
        ('where = ["is_whale", "is_whale"]', "must be a list of different texts"),
        ('where = ["=="]', "where of flow 'one' in f.toml: condition must be valid"),
        ('cooldown = "90"', 'cooldown = "90d", "own-cycle", "once" or "once-per-key"'),
        ("priority = -1", "must be a whole number from 0 to 100,000; got -1"),
        ("priority = 1.5", "must be a whole number"),
        ("holdout_bp = true", "must be a whole number"),
        ('channel = "E-mail"', "must be a word of small letters, digits and _"),
        ("treatment = {}", "must be a table with the text kind"),
        ('treatment = { kind = "a", Value = "b" }', "must be a table of texts and numbers"),
        ('treatment = { kind = "a", b = [1] }', "must be a table of texts and numbers"),
        ('wher = ["is_whale"]', "got 'wher'. Did you mean 'where'?"),
    ],
)  # fmt: skip
def test_parse__refuses_wrong_values_by_name(line, text):
    key = line.partition(" ")[0]
    kept = [each for each in GOOD.splitlines() if not each.startswith(f"{key} =")]
    changed = "\n".join([*kept, line])
    with pytest.raises(UsageError) as caught:
        parse_flows(changed, "f.toml")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["name", "title", "trigger", "priority", "channel", "window_days"])
def test_parse__refuses_a_missing_key(key):
    kept = [each for each in GOOD.splitlines() if not each.startswith(f"{key} =")]
    with pytest.raises(UsageError, match=f"{key} of "):
        parse_flows("\n".join(kept), "f.toml")


@pytest.mark.parametrize("text", ["name = ", "\x00", "a = " + "[" * 10_000, "a = 1e999999999999"])
def test_parse__refuses_what_is_not_toml(text):
    with pytest.raises(UsageError, match=r"f\.toml"):
        parse_flows(text, "f.toml")


def test_parse__reads_a_file_with_several_flows():
    two = GOOD.replace('"one"', '"two"')
    text = f"[[flow]]{GOOD}[[flow]]{two}"
    assert [flow.name for flow in parse_flows(text, "f.toml")] == ["one", "two"]
    with pytest.raises(UsageError, match=r"only have tables .*got the key 'name'"):
        parse_flows('name = "one"\n' + text, "f.toml")
    with pytest.raises(UsageError, match="only have tables"):
        parse_flows("flow = 3", "f.toml")


def test_parse__keeps_numbers_of_treatments_as_they_are_written():
    [flow] = parse_flows(GOOD, "f.toml")
    assert flow.treatment == {"kind": "coupon", "value": "10.50", "once": "true"}


def test_load__takes_names_files_and_folders(tmp_path):
    (tmp_path / "b.toml").write_text(GOOD)
    (tmp_path / "a.toml").write_text(GOOD.replace('"one"', '"two"'))
    names = [flow.name for flow in load_flows([tmp_path, "welcome", str(tmp_path / "b.toml")])]
    assert names == ["two", "one", "welcome", "one"]
    assert [flow.name for flow in load_flows("presets")] == [*shipped_flows()]
    assert load_flows(None) == load_flows("presets")


def test_load__refuses_what_is_no_flow(tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'welcome'"):
        load_flows("wellcome")
    with pytest.raises(UsageError, match="must be readable text"):
        load_flows(tmp_path / "absent.toml")
    with pytest.raises(UsageError, match="at least one flow"):
        load_flows(tmp_path)


def test_text__of_a_preset_is_its_file():
    for name in shipped_flows():
        [flow] = load_flows(name)
        assert flow.name == name
        assert parse_flows(text_of(name), "x") == [flow]
