"""Provide strategies that damage valid files: they delete keys or replace values."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from hypothesis import strategies as st


class Odd(NamedTuple):
    """A value of a wrong kind, given by its name; its text is written to the file."""

    name: str


_BOTH = {
    "empty text": '""', "text": '"x"', "digits": '"-1"', "code": '"555"', "nul": r'"\u0000"',
    "long text": '"' + "x" * 5_000 + '"', "line end": r'"a\nb"',
    "zero": "0", "one": "1", "minus one": "-1", "two": "2", "101": "101", "10^18": "1" + "0" * 18,
    "5,000 digits": "9" * 5_000, "minus 5,000 digits": "-" + "9" * 5_000, "text of digits":
    '"' + "9" * 5_000 + '"', "condition": '"monetary > ' + "9" * 5_000 + '"',
    "quantile": '"frequency > quantile(1/' + "9" * 5_000 + ')"',
    "fraction": "1.5", "1e400": "1e400", "1e-400": "1e-400", "1e99999999999": "1e99999999999",
    "1e-99999999999": "1e-99999999999", "true": "true", "false": "false",
    "empty list": "[]", "list of one": "[1]", "list of a text": '["a"]', "falling": "[5, 4]",
    "list of lists": "[[], [1]]", "list of four": "[1, 2, 3, 4]", "texts": '["1", "2", "3"]',
    "list of 5,000 digits": "[" + "9" * 5_000 + "]", "empty table": "{}",
    "deep": "[" * 4_000 + "]" * 4_000, "deeper than repr": "[" * 300 + "]" * 300,
}  # fmt: skip
TOML = _BOTH | {
    "table": "{ r = 5 }", "table of tables": "{ r = {} }", "hex": "0x" + "f" * 5_000,
    "inf": "inf", "nan": "nan", "beyond Decimal": "1e99999999999999999999",
    "date": "2025-06-30", "time": "10:00:00", "moment": "2025-06-30T10:00:00Z",
}  # fmt: skip
JSON = _BOTH | {
    "table": '{"r": 5}', "table of tables": '{"r": {}}', "null": "null", "NaN": "NaN",
    "Infinity": "Infinity", "half a character": r'"\ud800"',
    "deep tables": '{"a":' * 4_000 + "1" + "}" * 4_000,
}  # fmt: skip


@st.composite
def spoilt(draw, valid: Any, odd: dict[str, str]) -> Any:
    """Draw a copy of nested tables and lists with one to three faults at any place."""
    copy = json.loads(json.dumps(valid))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = copy
        while place:
            key = draw(
                st.sampled_from([*(place if isinstance(place, dict) else range(len(place)))])
            )
            if type(place[key]) not in (dict, list) or draw(st.booleans()):
                _spoil(draw, place, key, st.sampled_from(sorted(odd)).map(Odd))
                break
            place = place[key]
    return copy


def _spoil(draw, place: Any, key: Any, odd: st.SearchStrategy[Odd]) -> None:
    how = draw(st.sampled_from(["replace", "replace", "drop", "more"]))
    if how == "drop":
        del place[key]
    elif how == "replace":
        place[key] = draw(odd)
    elif isinstance(place, list):
        place.append(place[key])
    else:
        place["colour"] = draw(odd)


def in_json(value: Any) -> str:
    return _written(value, ": ", JSON)


def in_toml(table: dict[str, Any]) -> str:
    lines = (f"{json.dumps(key)} = {_written(each, ' = ', TOML)}" for key, each in table.items())
    return "\n".join(lines)


def _written(value: Any, is_: str, odd: dict[str, str]) -> str:
    if isinstance(value, Odd):
        return odd[value.name]
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}{is_}{_written(each, is_, odd)}" for key, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(each, is_, odd) for each in value) + "]"
    return json.dumps(value)
