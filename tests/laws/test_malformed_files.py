"""Test damaged schemes, models and config files: an error of one line, or they work."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files

import pytest
import typer
import typer.main
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_cli.main import app
from rfm_cli.options import _layers
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import ScoreOptions
from rfm_engine.segments.catalogue import load_scheme
from tests.malformed import JSON, TOML, in_json, in_toml, spoilt
from tests.shapes import AS_OF, random_orders

ORDERS = random_orders(60, 12)
SCHEMES = {
    name: tomllib.loads((files("rfm_engine.segments") / f"schemes/{name}.toml").read_text())
    for name in ("klaviyo", "five-types", "recency-bands", "putler")
}
CONFIG = {
    "as-of": "2025-06-30", "window": "365d", "bins": [5, 5, 10], "where": ["amount!=0"],
    "refunds": "drop", "strict": True, "threads": 2, "weights": ["1", 2, 3], "amount_scale": 2,
    "m_cuts": [10, 20, 30, 40, 50, 60, 70, 80, 90], "scheme": "classic", "model": "none.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("malformed")


@pytest.fixture(scope="module")
def models(folder):
    found = {}
    for scheme in ("classic", "five-types", "putler"):
        place = folder / "model.json"
        rfm.save_model(rfm.score(ORDERS, as_of=AS_OF, scheme=scheme, weights=[1, "0.5", 2]), place)
        found[scheme] = json.loads(place.read_text())
    return found


def assert_one_line(error):
    """Check that the error is one line, as for exit code 2 of `rfm`."""
    message = str(error)
    if isinstance(error, typer.TyperException):
        message = error.format_message()
        assert error.exit_code == 2
    assert "\n" not in message
    assert len(message) < 1_000
    assert " must " in message or "config file" in message


@given(name=st.sampled_from(sorted(SCHEMES)), data=st.data())
def test_scheme__spoilt_is_refused_in_one_line_or_works(folder, name, data):
    place = folder / "spoilt.toml"
    place.write_text(in_toml(data.draw(spoilt(SCHEMES[name], TOML))))
    try:
        load_scheme(place)
    except rfm.UsageError as error:
        assert_one_line(error)
        return
    try:
        result = rfm.score(ORDERS, as_of=AS_OF, scheme=place)
    except rfm.UsageError as error:  # Methods may contradict each other.
        assert_one_line(error)
        return
    assert sum(segment.customers for segment in result.segment_totals) == result.customers.num_rows


@given(name=st.sampled_from(["classic", "five-types", "putler"]), data=st.data())
def test_model__spoilt_is_refused_in_one_line_or_works(folder, models, name, data):
    place = folder / "spoilt.json"
    place.write_text(in_json(data.draw(spoilt(models[name], JSON))))
    try:
        model = rfm.load_model(place)
    except rfm.UsageError as error:
        assert_one_line(error)
        return
    try:
        result = rfm.score(ORDERS, as_of=AS_OF, model=place)
        drifted = rfm.drift(model, result)
    except rfm.UsageError as error:
        assert_one_line(error)
        return
    assert [moved.what for moved in drifted] == ["r", "f", "m", "segment"]


@given(data=st.data())
def test_config__spoilt_is_refused_in_one_line_or_works(folder, data):
    place = folder / "spoilt-config.toml"
    place.write_text(in_toml(data.draw(spoilt(CONFIG, TOML))))
    command = typer.main.get_command(app).commands["score"]
    words = ["orders.parquet", "-o", "out.csv", "--config", str(place)]
    try:
        with command.make_context("score", words) as context:
            _layers(declared(ScoreOptions), context, context.params)
    except (typer.TyperException, rfm.UsageError) as error:
        assert_one_line(error)
