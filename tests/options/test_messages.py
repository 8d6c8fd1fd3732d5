"""Messages name options: as keywords in Python, as flags on the command line."""

from __future__ import annotations

import ast
import pickle
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import rfm_engine
from rfm_engine.errors import UsageError, path_text, typed
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import RowFileOptions, ScoreOptions
from rfm_engine.options.messages import listed, message, named

PACKAGE = Path(rfm_engine.__file__).parent
KNOWN = declared(ScoreOptions) | declared(RowFileOptions)
KEYWORDS = re.compile(rf"\b({'|'.join(name for name in KNOWN if '_' in name)})\b|--[a-z]")


@pytest.mark.parametrize(
    ("template", "python", "on_command_line"),
    [
        ("{r_cuts}", "r_cuts", "--r-cuts"),
        ("{n_orders}", "n_orders", "--orders"),
        ("{ids:int}", 'ids="int"', "--ids int"),
        ("{clv:True}", "clv=True", "--clv"),
        ("{amount_scale:4}", "amount_scale=4", "--amount-scale 4"),
        ("{customer:...}", 'customer="..."', "--customer"),
        ("{customer:a b}", 'customer="a b"', "--customer 'a b'"),
        ("{csv_null:NULL,NA}", 'csv_null=["NULL", "NA"]', "--csv-null NULL,NA"),
        ("{batch_id}", "batch_id", "--batch-id"),
    ],
)
def test_message__names_an_option_in_both_forms(template, python, on_command_line):
    said = message(template)
    assert (said, said.typed) == (python, on_command_line)


def test_message__never_changes_values():
    said = message("{as_of} {} {!r} {window:{}d} {:,}", "{as_of}", "as_of", 7, 1000)
    assert said == "as_of {as_of} 'as_of' window=\"7d\" 1,000"
    assert said.typed == "--as-of {as_of} 'as_of' --window 7d 1,000"


def test_message__keeps_both_forms_of_messages_in_it():
    said = message("{} and {}: {}", named("csv_null"), listed(["by", "r_cuts"]), message("{bins}"))
    assert said == "csv_null and by, r_cuts: bins"
    assert said.typed == "--csv-null and --by, --r-cuts: --bins"
    assert message("{:{}}", named("customer"), "x").typed == "--customer x"
    assert pickle.loads(pickle.dumps(said)).typed == said.typed


def test_errors__have_both_forms():
    error = UsageError(message("{as_of} must be a date; got {}.", "\x1b"))
    assert str(error) == r"as_of must be a date; got \x1b."
    assert error.typed == r"--as-of must be a date; got \x1b."
    assert UsageError("plain").typed == "plain"
    assert typed("plain") == "plain"
    with pytest.raises(UsageError) as raised:
        path_text(named("spill_dir"), 5)
    assert raised.value.typed == "--spill-dir must be a path; got 5."


@cache
def _all_calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.relative_to(PACKAGE)}:{node.lineno}", node)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


def _calls(name: str) -> list[tuple[str, ast.Call]]:
    return [each for each in _all_calls() if _name(each[1].func).endswith(name)]


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def test_templates__have_a_value_for_each_field():
    calls = _calls("message")
    assert len(calls) > 100
    for place, call in calls:
        template, *values = call.args
        if not isinstance(template, ast.Constant):
            continue
        fields = [
            inner
            for _, field, spec, _ in Formatter().parse(str(template.value))
            if field is not None
            for inner in [field, *(name for _, name, _, _ in Formatter().parse(spec or ""))]
            if inner is not None
        ]
        options = {field for field in fields if field and not field.isdigit()}
        with suppress(ValueError):  # a format for another type
            message(str(template.value), *range(20))  # KeyError if an option is unknown
        if not any(isinstance(value, ast.Starred) for value in values):
            numbers = [field for field in fields if field not in options]
            n_wanted = len({*numbers}) if any(numbers) else len(numbers)
            assert n_wanted == len(values), place


def test_errors__name_options_in_templates_only():
    for place, call in _calls("Error"):
        for node in ast.walk(call):
            if isinstance(node, ast.Call) and _name(node.func) == "message":
                for part in ast.walk(node):
                    part.seen = True
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                is_subscript = node.value in KNOWN
                if not getattr(node, "seen", False) and not is_subscript:
                    assert not KEYWORDS.search(node.value), (place, node.value)
