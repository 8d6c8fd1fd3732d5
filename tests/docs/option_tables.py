"""Write the options in the reference pages: `python -m tests.docs.option_tables`."""

from __future__ import annotations

import inspect
import re
import textwrap

import rfm_engine
from rfm_engine.options.campaign import CampaignChoices, SizeOptions
from rfm_engine.options.clv import ClvChoices
from rfm_engine.options.columns import AttributeOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.documentation import reference_row
from rfm_engine.options.events import EventChoices
from rfm_engine.options.groups import ScoreOptions
from rfm_engine.options.insight import TableOptions, TouchOptions
from rfm_engine.options.movement import MovementOptions
from rfm_engine.options.report import ReportChoices
from rfm_engine.options.running import RunningOptions, SortOptions
from rfm_engine.options.serve import ServeOptions
from tests.docs.pages import ROOT

COMMAND_LINE = ROOT / "docs" / "reference" / "command-line.md"
PYTHON = ROOT / "docs" / "reference" / "python.md"
_SIGNATURE = re.compile(r"(?<=```text\n)rfm\.score\(.*?\) -> Result\n", re.DOTALL)
_TABLE = re.compile(r"(?<=\n)(Columns|Reading|Scoring|Running):\n\n((?:\|.*\n)+)")


def with_tables(text: str) -> str:
    """Return the page with the rows of all declared options, followed by the other rows."""
    text = _TABLE.sub(lambda found: f"{found[1]}:\n\n{_table(found[1], found[2])}", text)
    text = _with_rows(text, ("rfm ingest", "rfm state show"), RunningOptions)
    for options in (TableOptions, AttributeOptions):
        text = _with_rows(text, ("rfm insight", "rfm labels"), options)
    for options in (EventChoices, TouchOptions):
        text = _with_rows(text, ("rfm events", "rfm tiers"), options)
    text = _with_rows(text, ("rfm campaign size", "rfm campaign report"), SizeOptions)
    text = _with_rows(text, ("rfm campaign report", "rfm.toml"), CampaignChoices)
    for options in (ClvChoices, RunningOptions, SortOptions):
        text = _with_rows(text, ("rfm clv", "rfm report"), options)
    text = _with_rows(text, ("rfm report", "rfm serve"), ReportChoices)
    text = _with_rows(text, ("rfm serve", "rfm.toml"), ServeOptions)
    return _with_rows(text, ("rfm compare", "rfm events"), MovementOptions)


def _with_rows(text: str, headings: tuple[str, str], options: type) -> str:
    """Replace the rows of some options from one heading to another."""
    begin, end = (text.index(f"\n## {heading}\n") for heading in headings)
    part = text[begin:end]
    for option in declared(options).values():
        row = rf"(?m)^\| `{option.flag}`.*$"
        part = re.sub(row, lambda _, option=option: reference_row(option), part)
    return text[:begin] + part + text[end:]


def _table(panel: str, before: str) -> str:
    heads, rows = before.splitlines()[:2], before.splitlines()[2:]
    options = declared(ScoreOptions).values()
    ours = [reference_row(each) for each in options if each.option.panel == panel]
    flags = {each.flag for each in options}
    others = [row for row in rows if flags.isdisjoint(re.findall(r"`(--[a-z-]+)`", row)[:1])]
    return "\n".join([*heads, *ours, *others]) + "\n"


def with_signature(text: str) -> str:
    """Return the page with the signature of `rfm_engine.score`."""
    return _SIGNATURE.sub(_signature().replace("\\", "\\\\"), text)


def _signature() -> str:
    words = []
    for parameter in inspect.signature(rfm_engine.score).parameters.values():
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        words.append(f"{parameter.name}{default},".replace("'", '"').replace(" ", "\0"))
        words += ["*,"] * (parameter.name == "orders")
    indent = {"initial_indent": "    ", "subsequent_indent": "    "}
    lines = textwrap.fill(" ".join(words), 100, break_on_hyphens=False, **indent)
    return f"rfm.score(\n{lines}\n) -> Result\n".replace("\0", " ")


if __name__ == "__main__":
    COMMAND_LINE.write_text(with_tables(COMMAND_LINE.read_text()))
    PYTHON.write_text(with_signature(PYTHON.read_text()))
