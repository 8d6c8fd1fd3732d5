"""Customers of one sorted table are found in another one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.history.keys import places_of

INTS = st.integers(-(2**63), 2**63 - 1)
KINDS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "int64": (pa.int64(), INTS | st.integers(-9, 9)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1) | st.integers(0, 9)),
    "text": (pa.string(), st.text("a\0é\U0001f600", max_size=3)),
    "binary": (pa.binary(), st.binary(max_size=3)),
    "fixed": (pa.binary(16), st.sampled_from([bytes([n]) * 16 for n in range(0, 256, 17)])),
    "uuid": (pa.uuid(), st.sampled_from([bytes([n]) * 16 for n in range(0, 256, 17)])),
}


def in_order(drawn: set[Any]) -> list[Any]:
    """Sort ids, or pairs of a customer and a group, as snapshots do: bytewise, null first."""

    def key(one: Any) -> Any:
        if isinstance(one, tuple):
            return [(each is not None, [] if each is None else [key(each)]) for each in one]
        return one.encode() if isinstance(one, str) else one

    return sorted(drawn, key=key)


def as_column(ids: list[Any], kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.UuidType):
        return pa.ExtensionArray.from_storage(kind, pa.array(ids, kind.storage_type))
    return pa.array(ids, kind)


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_places__are_those_of_equal_ids(name, data):
    kind, values = KINDS[name]
    ids, others = (in_order(data.draw(st.sets(values, max_size=12))) for _ in range(2))
    table, other = (pa.table({"id": as_column(each, kind)}) for each in (ids, others))
    found = places_of(table, other, 1)
    assert found.tolist() == [others.index(one) if one in others else -1 for one in ids]


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_places__with_groups_are_those_of_equal_pairs(name, data):
    kind, values = KINDS[name]
    few = data.draw(st.lists(values, min_size=1, max_size=4, unique=True))
    pairs = st.tuples(st.integers(-2, 2), st.none() | st.sampled_from(few))
    ids, others = (in_order(data.draw(st.sets(pairs, max_size=12))) for _ in range(2))
    table, other = (
        pa.table(
            {
                "id": pa.array([customer for customer, _ in each], pa.int64()),
                "group": as_column([group for _, group in each], kind),
            }
        )
        for each in (ids, others)
    )
    found = places_of(table, other, 2)
    assert found.tolist() == [others.index(one) if one in others else -1 for one in ids]
