"""Write docs/reference/platforms.md: `python -m tests.docs.platform_page`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rfm_engine.activation.audiences.platform import PLATFORMS, rules_of
from rfm_engine.activation.audiences.steps import MEANINGS
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "reference" / "platforms.md"
HEAD = """# Platforms

This page shows what [`rfm audience`](command-line.md#rfm-audience) writes for each platform: the
columns in order, the steps that bring a value into the form of the platform, and whether its
SHA-256 is written. Each rule has the date on which it was last compared with its source, because
platforms change their rules. `python -m tests.docs.platform_page` writes this page from the rules.

Every text is first brought into the Unicode normal form NFC, so that equal texts have equal hashes.
A hash is the SHA-256 of the text in UTF-8, as 64 lower-case hexadecimal digits. A value that is a
SHA-256 already stays as it is. An empty cell means that there is no value.

A hashed e-mail is still personal data: who has the e-mail can compute the hash and recognise the
person. Treat the files as you treat the contacts.
"""


def page() -> str:
    """Return the page."""
    lines = [line for name in PLATFORMS for line in _section(name)]
    steps = [f"| `{name}` | {meaning} |" for name, meaning in MEANINGS.items()]
    return "\n".join([HEAD, *lines, "## Steps\n", "| step | what it does |\n|---|---|", *steps, ""])


def _section(name: str) -> Iterator[str]:
    rules = rules_of(name)
    yield f"## {name}\n"
    yield f"{rules['title']}.\n"
    yield "| column | from | steps | hashed | consent | checked | source |"
    yield "|---|---|---|---|---|---|---|"
    yield from map(_row, rules["columns"])
    yield ""
    for key in ("size", "together", "file"):
        if key in rules:
            rule = rules[key]
            yield f"{_about(key, rule)} ({rule['checked_on']}, {_source(rule)}).\n"
    if rules["prefix_formulas"]:
        yield (
            "Text that a spreadsheet would compute (it begins with `=`, `+`, `-`, `@` or a tab) "
            "gets an apostrophe, except for e-mails and phone numbers.\n"
        )
    if "default" in rules:
        yield (
            f"Columns without `--columns`: `{'`, `'.join(rules['default'])}`. `customer_id` and "
            "all columns of the snapshot can be chosen too. Segments with the word risk are "
            "written as `Segment` with their number in the scheme, or a later number if another "
            "segment has that name.\n"
        )


def _row(rule: dict[str, Any]) -> str:
    steps = ", ".join(f"`{step}`" for step in rule["steps"]) or "none"
    consent = f"`{rule['consent']}`" if "consent" in rule else ""
    cells = [
        f"`{rule['header']}`", f"`{rule['field']}`", steps, "yes" if rule["hashed"] else "no",
        consent, str(rule["checked_on"]), _source(rule),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _about(key: str, rule: dict[str, Any]) -> str:
    if key == "size":
        return f"A list of fewer than {rule['least']:,} customers causes a warning: {rule['text']}"
    if key == "file":
        return f"A file has at most {rule['most_bytes']:,} bytes; a longer list has several files"
    fields = ", ".join(f"`{each}`" for each in rule["fields"])
    return f"{fields} are only written if a row has all of them"


def _source(rule: dict[str, Any]) -> str:
    address, _, more = rule["source"].partition(" ")
    if not address.startswith("https://"):
        return "ours"
    return f"[{address.split('/')[2]}]({address}){f' {more}' if more else ''}"


if __name__ == "__main__":
    PAGE.write_text(page())
