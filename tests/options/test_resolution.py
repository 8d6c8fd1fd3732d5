"""Order of precedence: explicit, config file, scheme, state, default."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.api import score_given
from rfm_engine.options.declaration import declared, defaults
from rfm_engine.options.groups import ScoreOptions
from rfm_engine.options.resolution import given, resolve

ORDERS = pa.table({
    "customer_id": [1, 2],
    "order_time": pa.array([0, 86_400], pa.timestamp("s")),
    "amount": [0, 5],
})  # fmt: skip
LAYER = st.dictionaries(st.sampled_from(["zero", "frequency"]), st.sampled_from(["a", "b", None]))


@drawn(layers=st.lists(LAYER, max_size=4))
def test_resolve__takes_the_first_layer_that_gives(layers):
    choices = {"zero": {"a": "count", "b": "drop"}, "frequency": {"a": "orders", "b": "days"}}
    real = [
        {name: None if v is None else choices[name][v] for name, v in layer.items()}
        for layer in layers
    ]
    found = resolve(ScoreOptions, *real)
    for name in choices:
        values = [layer[name] for layer in real if layer.get(name) is not None]
        assert found[name] == [*values, defaults(ScoreOptions)[name]][0]


@pytest.mark.parametrize("name", ["clv", "overall", "strict", "as_files", "customer_level"])
def test_score__a_switch_must_be_true_or_false(name):
    for value in (None, "false", 1):
        with pytest.raises(rfm.UsageError, match=f"{name} must be True or False; got {value!r}"):
            rfm.score(ORDERS, as_of="newest", by="customer_id", **{name: value})


def test_given__none_gives_nothing_where_the_type_admits_it():
    found = given("score", ScoreOptions, {"as_of": "newest", "order": None, "customer": None})
    assert found == {"as_of": "newest", "customer": None}
    assert declared(ScoreOptions)["order"].takes_none


def test_score__an_option_given_as_its_default_is_given(tmp_path):
    state = rfm.State.create(tmp_path / "state", refunds="drop", zero="drop")
    state.ingest(ORDERS, batch_id="1")
    assert rfm.score(state, as_of="newest").options["refunds"] == "drop"
    with pytest.raises(rfm.StateError, match=r"refunds must be as set .* 'drop'; got 'net'"):
        rfm.score(state, as_of="newest", refunds="net")


def test_score__reading_options_of_a_config_give_way_to_a_state(tmp_path):
    state = rfm.State.create(tmp_path / "state", zero="drop")
    state.ingest(ORDERS, batch_id="1")
    config = {"as_of": "newest", "zero": "count", "customer": "buyer", "bins": [5, 5, 5]}
    result = score_given(state, {}, config, None, None)
    assert result.options["zero"] == "drop"
    with pytest.raises(rfm.StateError, match="zero must be as set"):
        score_given(state, {"zero": "count"}, config, None, None)


def test_score__explicit_wins_over_config_and_config_over_the_scheme():
    config = {"as_of": "newest", "scheme": "pymc", "zero": "drop"}
    assert score_given(ORDERS, {}, config, None, None).options["zero"] == "drop"
    assert score_given(ORDERS, {"zero": "count"}, config, None, None).options["zero"] == "count"
    assert score_given(ORDERS, {}, config, None, None).options["frequency"] == "days"


@pytest.mark.parametrize("call", [
    lambda: rfm.score(ORDERS, as_of="newest", frequencey="days"),
    lambda: rfm.CustomerTotals(as_of="newest", frequencey="days"),
    lambda: rfm.State.create("x", frequencey="days"),
])  # fmt: skip
def test_keywords__misspelt_name_the_nearest(call):
    with pytest.raises(TypeError, match=r"'frequencey'\. Did you mean 'frequency'"):
        call()
