"""Specifications of charts: JSON files in Vega-Lite or Vega, and binding data to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from rfm_engine.reporting.direction import isolated_in_data
from rfm_engine.reporting.drawing.clean import all_cleaned

MARK = "$"
"""Starts the name of a text or number that is bound: the whole value of a key, for example
`"title": "$x_title"`. Names of fields and expressions are never bound."""

Rows = list[dict[str, Any]]


@cache
def _text_of(name: str) -> str:
    return (files("rfm_engine.reporting.charts") / f"{name}.json").read_text("utf-8")


def specification_of(name: str) -> dict[str, Any]:
    """Return the specification of a chart, without data."""
    found: dict[str, Any] = json.loads(_text_of(name))
    return found


def is_vega_lite(specification: Mapping[str, Any]) -> bool:
    """Whether a specification is Vega-Lite, and not Vega."""
    return "/vega-lite/" in specification["$schema"]


def bound(name: str, data: Mapping[str, Rows], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification with its data sets and values.

    Parameters
    ----------
    name
        The file without `.json`.
    data
        The rows of each data set that the specification names.
    values
        The texts and numbers that it names with `MARK`.
    """
    own = _ready(values)
    found: dict[str, Any] = _replaced(specification_of(name), own)
    rows = {key: _ready(each) for key, each in data.items()}
    if is_vega_lite(found):
        return found | {"config": _config(), "datasets": rows}
    for each in found["data"]:
        if each["name"] in rows:
            each["values"] = rows[each["name"]]
    return found | {"config": _config()}


def _ready(value: Any) -> Any:
    """Return data that can be drawn; a chart is laid out from left to right in each language."""
    return isolated_in_data(all_cleaned(value))


def _config() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text_of("config"))
    return found


def _replaced(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith(MARK):
        return values[value.removeprefix(MARK)]
    if isinstance(value, dict):
        return {
            key: each if key == "$schema" else _replaced(each, values)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_replaced(each, values) for each in value]
    return value
