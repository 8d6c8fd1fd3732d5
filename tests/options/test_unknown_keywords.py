"""Unknown keywords are answered with the option that is meant."""

from __future__ import annotations

import pytest

from rfm_engine.options.groups import InsightOptions, ScoreOptions
from rfm_engine.options.resolution import given


@pytest.mark.parametrize(
    ("options", "name", "meant"),
    [
        (InsightOptions, "min", "min_customers"),
        (ScoreOptions, "orders", "n_orders"),
        (ScoreOptions, "shceme", "scheme"),
    ],
)
def test_keyword__named_like_a_flag_or_misspelled(options, name, meant):
    with pytest.raises(TypeError) as raised:
        given("run", options, {name: 1})
    assert str(raised.value) == (
        f"run() got an unexpected keyword argument {name!r}. Did you mean {meant!r}?"
    )
