"""The page of platforms matches the rules."""

from __future__ import annotations

from tests.docs.platform_page import PAGE, page


def test_page__is_up_to_date():
    assert PAGE.read_text() == page()
