"""The linter reports the line and the error, and reports nothing if there is no error."""

from __future__ import annotations

import pytest

from rfm_engine.segments.linter import lint
from rfm_engine.segments.parser import parse_scheme


def findings(text, *, errors):
    scheme = parse_scheme(text, "mine.toml")
    return [(f.line, f.text) for f in lint(scheme) if f.error == errors]


TOP = '[[segments]]\nname = "Top"\nr = 2\n'
REST = '[[segments]]\nname = "Rest"\n'
SMALL = "bins = 2\n"


def test_lint__silent_on_a_total_scheme():
    assert findings(SMALL + TOP + REST, errors=True) == []


def test_lint__cells_that_nobody_takes_unless_somebody_is_otherwise():
    [(line, text)] = findings(SMALL + TOP, errors=True)
    assert line is None
    assert text.startswith("4 of 8 cells may match no segment: 111 112 121 122;")
    assert findings(SMALL + 'otherwise = "X"\n' + TOP, errors=True) == []


def test_lint__a_note_if_only_otherwise_has_no_words():
    words = TOP + 'about = "The best."\n'
    [(_, text)] = findings(SMALL + 'otherwise = "X"\n' + words, errors=False)
    assert text.startswith("otherwise, 'X', has no about or action, although other segments have;")
    told = '[otherwise]\nname = "X"\naction = "Wait."\n'
    assert findings(SMALL + words + told, errors=False) == []
    assert findings(SMALL + 'otherwise = "X"\n' + TOP, errors=False) == []
    assert findings(SMALL + words + REST, errors=False) == [
        (6, "'Rest' overlaps 'Top' in 4 cells: 211 212 221 222")
    ]


def test_lint__a_note_if_all_segments_are_asleep():
    [*_, (_, text)] = findings(SMALL + 'asleep = ["Top", "Rest"]\n' + TOP + REST, errors=False)
    assert text.startswith("asleep lists all segments, so every order of a known customer is a")
    told = findings(SMALL + 'asleep = ["Top"]\notherwise = "X"\n' + TOP, errors=False)
    assert told == []


def test_lint__a_condition_does_not_cover_for_sure():
    only = '[[segments]]\nname = "A"\nwhen = ["recency_days <= mean"]\n'
    [(_, text)] = findings(only, errors=True)
    assert text.startswith("125 of 125 cells")


def test_lint__unreachable_with_the_line_and_who_wins():
    text = SMALL + TOP + '[[segments]]\nname = "Best"\nr = 2\nm = 2\n' + REST
    assert findings(text, errors=True) == [
        (5, "segment 'Best' is unreachable: all its cells go to 'Top'")
    ]


def test_lint__the_most_specific_rule_is_reached():
    text = SMALL + 'match = "most specific"\n' + TOP + '[[segments]]\nname = "Best"\nr = 2\nm = 2\n'
    assert findings(text + REST, errors=True) == []


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ('"recency_days < 0"', "recency_days < 0 holds for no customer"),
        ('"frequency == 0"', "frequency == 0 holds for no customer"),
        ('"recency_days > 20", "recency_days <= 20"', "exclude each other"),
        ('"monetary >= 10.5", "monetary < 10.5"', "exclude each other"),
        ('"frequency == 3", "frequency > 3"', "exclude each other"),
    ],
)
def test_lint__conditions_that_exclude_each_other(when, why):
    text = f'[[segments]]\nname = "A"\nwhen = [{when}]\n{REST}'
    [(line, said)] = findings(text, errors=True)
    assert line == 1
    assert why in said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("r = [1, 5]", "r = [1, 5] matches every score"),
        ("sum = [3, 15]", "sum = [3, 15] matches every score"),
        ('when = ["frequency >= 1"]', "frequency >= 1"),
        ('when = ["recency_days <= 30", "recency_days <= 60"]', "recency_days <= 60"),
        ('when = ["monetary > 5", "monetary >= 5"]', "monetary >= 5"),
    ],
)
def test_lint__dead_conditions_are_worth_knowing(body, said):
    text = f'[[segments]]\nname = "A"\n{body}\n{REST}'
    assert (1, f"condition of 'A' has no effect: {said}") in findings(text, errors=False)


@pytest.mark.parametrize(
    "when",
    [
        '"recency_days <= 30", "frequency <= 60"',
        '"monetary > 0", "monetary < 9"',
        '"frequency > 1"',
    ],
)
def test_lint__conditions_that_live_are_not_dead(when):
    assert findings(f'[[segments]]\nname = "A"\nwhen = [{when}]\n{REST}', errors=False) == []


def test_lint__overlaps_are_worth_knowing():
    text = SMALL + TOP + '[[segments]]\nname = "Rich"\nm = 2\n' + REST
    assert (5, "'Rich' overlaps 'Top' in 2 cells: 212 222") in findings(text, errors=False)


def test_lint__thresholds_without_cuts_are_worth_knowing():
    """`rfm score` refuses such a scheme unless cut points are given; the linter reports it too."""
    text = (
        SMALL + 'method = { r = "thresholds", f = "thresholds" }\ncuts = { f = [1] }\n' + TOP + REST
    )
    said = "r has thresholds but no cuts, so every run needs --r-cuts; add them to cuts"
    assert (None, said) in findings(text, errors=False)
    assert findings(text, errors=True) == []
    assert len([1 for _, text in findings(text, errors=False) if "no cuts" in text]) == 1
