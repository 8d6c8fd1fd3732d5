"""Two sorted relations side by side, in pieces of any size, are a full join."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.movement.pairs import Side, aligned

IDS = {
    pa.int64(): st.integers(-3, 4) | st.sampled_from([-(2**63), 2**63 - 1]),
    pa.uint64(): st.integers(0, 4) | st.sampled_from([2**63 - 1, 2**63, 2**64 - 1]),
    pa.string(): st.text("a\0é", max_size=2),
    pa.binary(): st.binary(max_size=2),
    pa.uuid(): st.binary(min_size=16, max_size=16).map(lambda own: own[:1] * 15 + own[-1:]),
}
# The place of each group among the rows of a customer: the null group is the last one but first.
RANKS = np.array([1, 2, 0], np.int32)


def pieces_of(customers, kind, sizes):
    """Return sorted customers as a relation in pieces; the last one has the rest."""
    ordered = sorted(customers, key=lambda each: (as_sorted(each[1]), RANKS[each[0]]))
    ids = pa.array([each[1] for each in ordered], kind)
    if isinstance(kind, pa.UuidType):
        ids = pa.ExtensionArray.from_storage(kind, pa.array([e[1] for e in ordered], pa.binary(16)))
    table = pa.table({
        "group_id": pa.array([each[0] for each in ordered], pa.int32()), "customer_id": ids,
        "n": pa.array(range(len(ordered)), pa.int64()),
    })  # fmt: skip
    start = 0
    for size in sizes:
        yield table.slice(start, size)
        start += size
    yield table.slice(start)


def as_sorted(customer):
    return customer.encode() if isinstance(customer, str) else customer


def plain(customer):
    return customer.bytes if hasattr(customer, "bytes") else customer


@pytest.mark.parametrize("kind", IDS, ids=str)
@given(st.data())
def test_aligned__is_a_full_join(kind, data):
    customers = st.sets(st.tuples(st.integers(0, 2), IDS[kind]), max_size=12)
    sizes = st.lists(st.integers(0, 4), max_size=4)
    sides, expected = [], []
    for suffix in ("_before", "_after"):
        own = data.draw(customers)
        sides.append(Side(pieces_of(own, kind, data.draw(sizes)), suffix))
        ordered = sorted(own, key=lambda each: (as_sorted(each[1]), RANKS[each[0]]))
        expected.append({each: number for number, each in enumerate(ordered)})
    found = pa.concat_tables(aligned(*sides, RANKS))
    rows = [(each["group_id"], plain(each["customer_id"])) for each in found.to_pylist()]
    both = {*expected[0], *expected[1]}
    assert rows == sorted(both, key=lambda each: (as_sorted(each[1]), RANKS[each[0]]))
    for column, own in zip(("n_before", "n_after"), expected, strict=True):
        assert found[column].to_pylist() == [own.get(each) for each in rows]
