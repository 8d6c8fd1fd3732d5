"""Which form of a text belongs to a number, by the categories of the Unicode CLDR."""

from __future__ import annotations


def plural(code: str, n: int | None) -> str:
    """Return the category of a number of things in a language."""
    if n is None:
        return "other"
    return _arabic(n) if code == "ar" else "one" if n == 1 else "other"


def _arabic(n: int) -> str:
    if n <= 2:
        return ("zero", "one", "two")[n]
    if 3 <= n % 100 <= 10:
        return "few"
    return "many" if n % 100 >= 11 else "other"
