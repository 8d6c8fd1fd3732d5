"""Test ids as keys: values of a dictionary are read once, and have the same keys as decoded."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.api import score
from rfm_engine.errors import DataError
from rfm_engine.kernels.arrays import frozen, misplaced, plain, valid_mask, worth_sharing
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import from_arrays, gathered, joined, keys_of
from rfm_engine.totals.buffer.routing import route
from rfm_engine.totals.buffer.texts import WaitingTexts

KEY = HashKey.from_int(3)


@st.composite
def dictionaries(draw) -> pa.DictionaryArray:
    values = draw(st.lists(st.none() | st.binary(max_size=20), min_size=1, max_size=5))
    places = st.none() | st.integers(0, len(values) - 1)
    indices = draw(st.lists(places, min_size=len(values), max_size=12))
    kind = draw(st.sampled_from([pa.binary(), pa.large_binary(), pa.binary_view()]))
    of_indices = draw(st.sampled_from([pa.int8(), pa.uint32(), pa.int64(), pa.uint64()]))
    whole = pa.DictionaryArray.from_arrays(pa.array(indices, of_indices), pa.array(values, kind))
    return whole.slice(draw(st.integers(0, len(indices) - len(values))))


@given(dictionaries())
def test_shared_keys__mean_what_decoded_ones_mean(column):
    assert worth_sharing(column)
    keys, decoded = keys_of(column), plain(column)
    expected = decoded.to_pylist()
    present = valid_mask(column)
    shown = [True] * len(column) if present is None else present.tolist()
    assert shown == [value is not None for value in expected]
    hashes, others = keys.hash(KEY), keys_of(decoded).hash(KEY)
    assert hashes[shown].tolist() == others[shown].tolist()
    reason = frozen(1 - np.array(shown, np.uint8))
    routed = route(keys, reason, KEY, None)
    texts = WaitingTexts.of(keys, routed.bins(), routed.n_bins)
    words = np.zeros(texts.n_words, np.uint64)
    places = texts.write(words, 0)
    for value, place in zip(expected, places.tolist(), strict=True):
        if value is not None:
            n_bytes = int(words[place])
            assert words[place + 1 :].tobytes()[:n_bytes] == value
    # Each value is stored once, and only if a counted row has it.
    used = {index for index, is_shown in zip(keys.indices.tolist(), shown, strict=True) if is_shown}
    sizes = np.diff(keys.values.offsets)[sorted(used)].tolist()
    assert texts.n_words == sum(1 + (size + 7) // 8 for size in sizes)


@pytest.mark.parametrize(
    ("indices", "values"),
    [([0, 1], ["a", "b", "c"]), ([None, None], []), ([0, 1, 1], [5, 6])],
    ids=["longer than the rows", "empty", "integers"],
)
def test_worth_sharing__leaves_others_to_be_decoded(indices, values):
    column = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(values))
    assert not worth_sharing(column)


@pytest.mark.parametrize("wrong", [-1, 2, 2**40])
def test_misplaced__finds_indices_outside(wrong):
    indices = pa.array([None, 0, wrong, 1], pa.int64())
    column = pa.DictionaryArray.from_arrays(indices, ["a", "b"], safe=False)
    assert misplaced(column) == misplaced(column.slice(1)) + 1 == 2
    assert misplaced(column.slice(3)) == misplaced(column.slice(0, 2)) == -1
    orders = pa.table(
        {"customer_id": column, "order_time": [datetime(2026, 1, 1)] * 4, "amount": [1] * 4}
    )
    with pytest.raises(DataError, match=r"within its dictionary; got another index in .*row 3"):
        score(orders, as_of="2026-01-01")


@given(st.lists(st.binary(max_size=20), max_size=8), st.data())
def test_gathered__copies_texts_from_where_they_start(texts, data):
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    rows = np.array(
        data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=8) if texts else st.just([])),
        np.int64,
    )
    starts = ends[rows]
    keys = gathered(np.frombuffer(b"".join(texts), np.uint8), starts, ends[rows + 1] - starts)
    assert keys.to_arrow(pa.binary()).to_pylist() == [texts[row] for row in rows]


IDS = {
    "int64": (st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "uint64": (st.integers(0, 2**64 - 1), pa.uint64()),
    "string": (st.text(max_size=9), pa.string()),
    "binary": (st.binary(max_size=9), pa.binary()),
    "uuid": (st.uuids(), pa.uuid()),
}


@pytest.mark.parametrize(("elements", "kind"), IDS.values(), ids=IDS)
@given(data=st.data())
def test_keys__methods_mean_the_same_for_every_kind(elements, kind, data):
    ids = data.draw(st.lists(elements, min_size=1, max_size=9))
    stored = [each.bytes for each in ids] if kind == pa.uuid() else ids
    keys = keys_of(pa.array(stored, kind.storage_type if kind == pa.uuid() else kind))
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(ids))] * 2)))
    rows = data.draw(st.lists(st.integers(0, len(ids) - 1), max_size=9))

    def meant(some):
        return some.to_arrow(kind).to_pylist()

    assert len(keys) == len(ids)
    part = keys.slice(start, stop)
    assert [meant(from_arrays(each.arrays())) for each in (keys, part)] == [ids, ids[start:stop]]
    assert meant(keys.take(np.array(rows, np.intp))) == [ids[row] for row in rows]
    assert meant(joined([part, keys, part])) == ids[start:stop] + ids + ids[start:stop]
    assert [each for piece in keys.pieces() for each in meant(piece)] == ids
    assert part.hash(KEY).tolist() == keys.hash(KEY)[start:stop].tolist()
    as_bytes = [each.as_bytes().to_arrow(pa.binary()).to_pylist() for each in (part, keys)]
    assert as_bytes[0] == as_bytes[1][start:stop]
