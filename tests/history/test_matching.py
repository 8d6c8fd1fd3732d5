"""Sorted ids are found among other sorted ids."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.history.matching import places_among

INTS = st.integers(-(2**63), 2**63 - 1)
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "int64": (pa.int64(), INTS | st.integers(-9, 9)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1) | st.integers(0, 9)),
    "text": (pa.string(), st.text("a\0é\U0001f600", max_size=3)),
    "binary": (pa.binary(), st.binary(max_size=3)),
    "fixed": (pa.binary(16), st.sampled_from([bytes([n]) * 16 for n in range(0, 256, 17)])),
}


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_places__are_those_of_equal_ids(name, data):
    kind, values = KINDS[name]

    def ascending() -> list[Any]:
        drawn = data.draw(st.sets(values, max_size=12))
        return sorted(drawn, key=lambda one: one.encode() if isinstance(one, str) else one)

    ids, others = ascending(), ascending()
    found = places_among(pa.array(ids, kind), pa.array(others, kind))
    assert found.tolist() == [others.index(one) if one in others else -1 for one in ids]
