"""The page of schemes matches the schemes."""

from __future__ import annotations

from tests.docs.scheme_page import PAGE, page


def test_page__is_up_to_date():
    assert PAGE.read_text() == page()
