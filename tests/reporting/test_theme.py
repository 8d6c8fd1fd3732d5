"""The colours of a report: readable text, and segments that everyone can tell apart."""

from __future__ import annotations

import re
from itertools import chain, combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.reporting.drawing import theme
from tests.reporting.colour_vision import contrast, distance, lab, luminance

COUNTS = range(1, 65)
PAGE = theme.page_colours()
SEGMENTS = theme.segment_colours(64)
FILLS = [*SEGMENTS, *theme.heat_steps()]
INKS = ("#ffffff", "#0b1117")
BLACK = theme.Role("#000000", "#000000")
HEX = re.compile(r"#[0-9a-f]{6}")
COLOURS = st.binary(min_size=3, max_size=3).map(lambda value: f"#{value.hex()}")


def looks_of(colours: list[theme.Fill]) -> list[list[str]]:
    """Return the colours of the light page and those of the dark page."""
    return [[each.light for each in colours], [each.dark for each in colours]]


def text_on(surface: theme.Role, text: theme.Role) -> float:
    return min(contrast(surface.light, text.light), contrast(surface.dark, text.dark))


def test_colour_vision__agrees_with_published_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert lab("#ff0000", "normal") == pytest.approx((53.24, 80.09, 67.20), abs=0.01)
    for sight in ("protan", "deutan", "tritan"):
        assert lab("#ffffff", sight) == pytest.approx((100, 0, 0), abs=0.01)


def test_segment_colours__keep_neighbours_apart_in_every_sight():
    for look in chain.from_iterable(looks_of(theme.segment_colours(n)) for n in COUNTS):
        assert all(distance(*pair) >= 20 for pair in pairwise(look))


def test_segment_colours__keep_any_two_apart_up_to_29_segments():
    for look in chain.from_iterable(looks_of(theme.segment_colours(n)) for n in range(1, 30)):
        assert all(distance(*pair) >= 10 for pair in combinations(look, 2))


def test_segment_colours__run_from_blue_to_grey_in_one_order():
    for n in COUNTS:
        colours = theme.segment_colours(n)
        assert len(colours) == n
        assert colours == [each for each in SEGMENTS if each in set(colours)]
        assert colours[0].light == "#0b4f94"
        assert n == 1 or colours[-1].light == "#6a737d"


def test_segment_colours__keep_the_colours_of_a_scheme_with_one_segment_less():
    colours = [set(theme.segment_colours(n)) for n in range(10, 65)]
    assert all(fewer < more for fewer, more in pairwise(colours))


def test_fills__have_the_better_ink_and_are_readable():
    for fill in FILLS:
        for area, ink in ((fill.light, fill.ink.light), (fill.dark, fill.ink.dark)):
            better = max(INKS, key=lambda each: contrast(area, each))
            assert distance(ink, better) < 1
            assert contrast(area, ink) >= 4.5


def test_heat_steps__grow_away_from_the_card():
    steps = theme.heat_steps()
    assert len(steps) == 7
    light = [luminance(step.light) for step in steps]
    dark = [luminance(step.dark) for step in steps]
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)


@pytest.mark.parametrize("surface", ["background", "card", "faint"])
@pytest.mark.parametrize("text", ["text", "muted", "accent", "warm"])
def test_page_colours__make_text_readable(surface, text):
    assert text_on(getattr(PAGE, surface), getattr(PAGE, text)) >= 4.5


@pytest.mark.parametrize("mark", ["bar", "beyond", "warm", "accent"])
def test_page_colours__make_marks_visible_on_a_card(mark):
    assert text_on(PAGE.card, getattr(PAGE, mark)) >= 3


def test_theme__gives_each_light_value_one_role_and_one_dark_value():
    inks = {fill.ink for fill in FILLS} | {BLACK}
    roles = [*PAGE, *inks, *(theme.Role(fill.light, fill.dark) for fill in FILLS)]
    assert len({role.light for role in roles}) == len(roles)
    assert theme.dark_values() == dict(roles)
    assert all(HEX.fullmatch(value) for value in chain.from_iterable(roles))


def test_theme__has_a_dark_value_of_its_own_for_each_segment():
    assert len({each.dark for each in SEGMENTS}) == 64


@given(COLOURS)
def test_ink_on__is_readable_on_any_colour(colour):
    ink = theme.ink_on(colour)
    assert contrast(colour, ink.light) >= 4.5
    assert contrast(theme.dark_values().get(colour, colour), ink.dark) >= 4.5


def test_ink_on__is_readable_on_every_grey_and_the_same_in_the_dark():
    for grey in (f"#{value:02x}{value:02x}{value:02x}" for value in range(256)):
        ink = theme.ink_on(grey)
        assert contrast(grey, ink.light) >= 4.5
        assert ink.light == ink.dark or grey in theme.dark_values()


def test_ink_on__is_the_ink_of_the_fill_on_a_colour_of_the_theme():
    assert [theme.ink_on(fill.light) for fill in FILLS] == [fill.ink for fill in FILLS]


def test_dark_rules__replace_the_used_colours_that_change():
    unknown = "#123456"
    rules = theme.dark_rules("main svg", {"#0b4f94", BLACK.light, unknown})
    assert rules.splitlines() == [
        'main svg [fill="#0b4f94"]{fill:#5aa9ee}',
        'main svg [stroke="#0b4f94"]{stroke:#5aa9ee}',
    ]


def test_dark_rules__are_two_per_fill():
    rules = theme.dark_rules("svg", {fill.light for fill in FILLS})
    assert len(rules.splitlines()) == 2 * len(FILLS)
