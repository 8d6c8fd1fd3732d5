"""Test the allowed names of id columns, and the errors for misspelt options."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

import rfm_engine as rfm

AS_OF = "2026-01-31"
WEIGHTS = [1, 1, 1]


def orders(column: str) -> pa.Table:
    return pa.table({column: [7, 8], "order_time": [datetime(2026, 1, 1)] * 2, "amount": [1, 2]})


@pytest.mark.parametrize("name", ["x", "t_x", "T", "zbar"])
def test_columns__of_clv_are_only_taken_with_clv(name):
    result = rfm.score(orders(name), as_of=AS_OF, customer=name)
    assert sorted(result.customers[name].to_pylist()) == [7, 8]
    with pytest.raises(rfm.UsageError, match=f"like a column of the result; got '{name}'"):
        rfm.score(orders(name), as_of=AS_OF, customer=name, clv=True)


def test_columns__of_weights_are_only_taken_with_weights():
    result = rfm.score(orders("rfm_value"), as_of=AS_OF, customer="rfm_value")
    assert sorted(result.customers["rfm_value"].to_pylist()) == [7, 8]
    with pytest.raises(rfm.UsageError, match="got 'rfm_value', which weights add"):
        rfm.score(orders("rfm_value"), as_of=AS_OF, customer="rfm_value", weights=WEIGHTS)


@pytest.mark.parametrize("name", ["is_whale", "own_us", "weak_axis"])
def test_columns__of_facts_are_only_taken_with_facts(name):
    result = rfm.score(orders(name), as_of=AS_OF, customer=name)
    assert sorted(result.customers[name].to_pylist()) == [7, 8]
    with pytest.raises(rfm.UsageError, match=f"got '{name}', which facts add"):
        rfm.score(orders(name), as_of=AS_OF, customer=name, facts=True)


@pytest.mark.parametrize("name", ["first_order", "r_score", "rfm_score", "segment", "monetary"])
def test_columns__of_each_result_are_always_taken(name):
    with pytest.raises(rfm.UsageError, match="must not be named like a column of the result"):
        rfm.score(orders(name), as_of=AS_OF, customer=name)


def test_options__that_are_misspelt_are_answered_by_the_class_that_was_called():
    with pytest.raises(TypeError, match=r"^CustomerTotals\(\) .* 'ordr'. Did you mean 'order'\?"):
        rfm.CustomerTotals(as_of=AS_OF, ordr="order_id")
    with pytest.raises(TypeError, match=r"^CustomerTotals\(\) .* 'zzz'$"):
        rfm.CustomerTotals(as_of=AS_OF, zzz=1)
