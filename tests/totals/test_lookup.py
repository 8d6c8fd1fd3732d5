"""Test the index that finds ids among ids."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import keys_of
from rfm_engine.totals.tables.lookup import Lookup
from tests.conftest import COMPILED

KEY = HashKey.from_int(7)
KINDS = {
    "int": (pa.int64(), st.one_of(st.integers(-9, 9), st.integers(-(2**63), 2**63 - 1))),
    "uint": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "text": (pa.string(), st.one_of(st.text(max_size=3), st.text("ab\0", max_size=20))),
    "binary": (pa.binary(), st.binary(max_size=9)),
}


def rows_of(lookup, values, kind):
    rows = np.full(len(values), 99, np.int64)
    lookup.rows_of(keys_of(pa.array(values, kind)), rows)
    return rows.tolist()


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_rows__are_those_of_the_same_ids(data, name):
    kind, ids = KINDS[name]
    known = data.draw(st.lists(ids, unique=True, max_size=30))
    asked = data.draw(st.lists(st.one_of(ids, st.sampled_from(known or [None])), max_size=30))
    asked = [each for each in asked if each is not None]
    lookup = Lookup(keys_of(pa.array(known, kind)), KEY)
    assert lookup.repeated == -1
    assert rows_of(lookup, asked, kind) == [
        known.index(each) if each in known else -1 for each in asked
    ]


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_repeated__is_the_first_row_that_repeats_an_id(data, name):
    kind, ids = KINDS[name]
    known = data.draw(st.lists(ids, min_size=1, max_size=20))
    again = next((row for row, each in enumerate(known) if each in known[:row]), -1)
    assert Lookup(keys_of(pa.array(known, kind)), KEY).repeated == again


@pytest.mark.parametrize("n", [0, 1, 100, 50_000 if COMPILED else 500])
def test_rows__of_many_ids_of_any_length(n):
    numbers = np.arange(2 * n)
    integers = numbers * 1_000_003
    texts = [f"{'x' * (number % 40)}{number}" for number in numbers.tolist()]
    for values, kind in ((integers, pa.int64()), (texts, pa.string())):
        lookup = Lookup(keys_of(pa.array(values[:n], kind)), KEY)
        assert rows_of(lookup, values, kind) == [*range(n), *[-1] * n]
