"""Conditions on customer facts: text, linter, and the form in which they are frozen."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rfm_engine.scoring.cells import Cuts
from rfm_engine.segments.condition_text import parse_condition
from rfm_engine.segments.conditions import Among, Condition, Range
from rfm_engine.segments.frozen_scheme import frozen_scheme, own_scheme
from rfm_engine.segments.linter import lint
from rfm_engine.segments.parser import scheme_of
from rfm_engine.segments.plan import plan_scoring


def scheme(*when, **more):
    segments = [{"name": f"S{n}", "when": list(each)} for n, each in enumerate(when)]
    return scheme_of({"otherwise": "rest", "segments": segments} | more, "mine")


@pytest.mark.parametrize(
    ("text", "timings"),
    [
        ('timing == "due"', (1,)),
        ('timing != "due"', (0, 2, 3)),
        ('timing in ["lapsed", "overdue"]', (2, 3)),
        ('timing in ["on time"]', (0,)),
    ],
)
def test_timing__reads_what_it_prints(text, timings):
    condition = parse_condition(text)
    assert isinstance(condition, Condition)
    assert (str(condition), condition.timings) == (text, timings)
    assert parse_condition(f"  {text.replace(' ', '   ')} ".replace("on   time", "on time")) == (
        condition
    )


@pytest.mark.parametrize("text", ["is_whale", "not is_whale", "own_us > 5", "own_us <= mean"])
def test_other_facts__read_what_they_print(text):
    condition = parse_condition(text)
    assert isinstance(condition, Condition)
    assert str(condition) == text
    assert condition.is_about_facts


def test_schemes__are_read_from_their_own_data():
    facts = {"whale_share": "20%", "whale_by": "orders", "whale_least": "5", "cycle_us": 7}
    given = scheme(["is_whale", 'timing != "due"'], ["not is_whale", "own_us > 5/2"], facts=facts)
    assert given.uses_facts
    again = scheme_of(own_scheme(given), "mine")
    assert (again.segments, again.facts) == (
        tuple(each._replace(line=None) for each in given.segments), given.facts
    )  # fmt: skip
    assert not scheme(["recency_days <= 3"]).uses_facts


def test_frozen_conditions__are_numbers_and_names():
    given = scheme(["is_whale"], ['timing != "due"'], ["own_us >= mean"], ["not is_whale"])
    plan = plan_scoring(given, None, None, dict.fromkeys("rfm"))
    settled = [
        [Range("is_whale", 1, 1)], [Among("timing", (0, 2, 3))], [Range("own_us", 5, 2**63 - 1)],
        [Range("is_whale", 0, 0)],
    ]  # fmt: skip
    frozen = frozen_scheme(given, plan, Cuts([], [], []), settled, 2, {}, None)
    assert [segment["when"] for segment in frozen["segments"]] == [
        ["is_whale"], ['timing in ["on time", "overdue", "lapsed"]'], ["own_us >= 5"],
        ["not is_whale"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (["is_whale", "not is_whale"], "exclude each other"),
        (['timing == "due"', 'timing == "lapsed"'], "exclude each other"),
        (["own_us < 0"], "holds for no customer"),
        (['timing in ["on time", "due", "overdue", "lapsed"]'], "has no effect"),
        (['timing == "due"', 'timing != "lapsed"'], 'has no effect: timing != "lapsed"'),
    ],
)
def test_linter__finds_facts_that_contradict_or_have_no_effect(when, said):
    assert any(said in finding.text for finding in lint(scheme(when)))


def test_linter__says_nothing_of_facts_that_fit():
    found = lint(scheme(["is_whale", 'timing != "due"'], ['timing in ["due", "lapsed"]']))
    assert [finding.text for finding in found] == []
    assert parse_condition("own_us > 5") == Condition("own_us", ">", Fraction(5))
