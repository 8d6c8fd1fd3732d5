"""Everything that is checked of each page in Chromium, as a list of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.conftest import DEEP
from tests.reporting.browser import OpenPage, axe_violations, inject, sideways_scroll
from tests.reporting.contrast import text_contrasts
from tests.reporting.keyboard import keyboard_faults
from tests.reporting.printing import card_pages

READABLE = 4.5
MOST_BYTES = 400_000
TALL = 980
"""Pixels of a printed page, about: a card that is longer must be on two."""

# The policy of the page forbids attributes of style, but not scripts of the tests to set them.
SHOW_ALL = """
() => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  for (const each of document.querySelectorAll(".panel")) each.style.display = "block";
}
"""


def faults_of(open_page: Callable[..., OpenPage], page: str) -> list[str]:
    """Return all faults of a page: wide, dark, on a phone, with the keyboard, on paper, attacked.

    A page of 7,000 pixels costs 11 s of processor time, of which contrast costs 6 s. Only the
    profile `deep` measures it: the colours of the theme are tested by themselves, and a small page
    in each run.
    """
    shades = (False, True) if DEEP else ()
    return [
        *(fault for dark in shades for fault in contrast_faults(open_page, page, dark=dark)),
        *print_faults(open_page, page),
        *faults_without_contrast(open_page, page),
    ]


def faults_without_contrast(open_page: Callable[..., OpenPage], page: str) -> list[str]:
    """Return the faults that are found in a fifth of the time."""
    return [
        *size_faults(page),
        *rule_faults(open_page, page),
        *phone_faults(open_page, page),
        *attack_faults(open_page, page),
    ]


def size_faults(page: str) -> Iterator[str]:
    size = len(page.encode())
    if size > MOST_BYTES:
        yield f"{size:,} bytes"


def contrast_faults(open_page: Callable[..., OpenPage], page: str, *, dark: bool) -> Iterator[str]:
    """Yield texts with little contrast, also in what is folded away."""
    opened = open_page(page, dark=dark)
    where = "dark" if dark else "light"
    opened.page.evaluate(SHOW_ALL)
    for text in text_contrasts(opened):
        if text.ratio < READABLE:
            yield f"{where}: {text}"
    yield from (f"{where}: {each}" for each in opened.complaints())


def rule_faults(open_page: Callable[..., OpenPage], page: str) -> Iterator[str]:
    """Yield violated rules of axe-core."""
    opened = open_page(page)
    opened.page.evaluate(SHOW_ALL)
    yield from axe_violations(opened)


def phone_faults(open_page: Callable[..., OpenPage], page: str) -> Iterator[str]:
    opened = open_page(page, 400)
    yield from (f"scrolls sideways: {each}" for each in sideways_scroll(opened))
    yield from keyboard_faults(opened)
    opened.page.evaluate(SHOW_ALL)
    yield from (f"scrolls sideways when open: {each}" for each in sideways_scroll(opened))
    yield from (f"phone: {each}" for each in opened.complaints())


def print_faults(open_page: Callable[..., OpenPage], page: str) -> Iterator[str]:
    """Yield cards that are cut in two although they fit on a page."""
    opened = open_page(page)
    for name, pages in card_pages(opened, ".card"):
        opened.page.emulate_media(media="print")
        card = opened.page.locator(".card", has=opened.page.get_by_role("heading", name=name))
        if len(pages) > 1 and card.first.bounding_box()["height"] < TALL:
            yield f"{name} is on the printed pages {pages}"
        opened.page.emulate_media(media="null")


def attack_faults(open_page: Callable[..., OpenPage], page: str) -> list[str]:
    return [f"attack: {each}" for each in inject(open_page(page))]
