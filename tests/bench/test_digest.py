"""Answers have equal digests if and only if they are equal, in any form."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.bench.digest import digest, read_answer
from rfm_engine.bench.work import COLUMNS
from tests.bench.answers import answer_of

ANSWER = answer_of()
DIGEST = digest(ANSWER.to_batches())
NUMBERS = [name for name in COLUMNS if name not in ("customer_id", "segment")]


def changed(name: str, row: int, bit: int) -> pa.Table:
    """Return the answer with one flipped bit in one value."""
    place = ANSWER.column_names.index(name)
    column = ANSWER[name].combine_chunks()
    if pa.types.is_decimal(column.type):
        words = column.cast(pa.decimal64(18, 2)).view(pa.int64()).to_numpy().copy()
    else:
        width = column.type.bit_width
        words = column.view(f"int{width}").to_numpy().copy()
    words[row] ^= np.array(1, words.dtype) << np.array(bit, words.dtype)
    kind = pa.decimal64(18, 2) if pa.types.is_decimal(column.type) else column.type
    return ANSWER.set_column(place, name, pa.array(words).view(kind))


@given(st.permutations(range(ANSWER.num_rows)), st.integers(1, 7))
def test_digest__does_not_depend_on_the_order_or_the_batches(order, size):
    assert digest(ANSWER.take(order).to_batches(size)) == DIGEST


@given(st.sampled_from(NUMBERS), st.integers(0, 5), st.integers(0, 6))
def test_digest__changes_with_any_bit_of_any_column(name, row, bit):
    found = digest(changed(name, row, bit).to_batches())
    differing = [column for column in COLUMNS if found.columns[column] != DIGEST.columns[column]]
    assert differing == [name]


@pytest.mark.parametrize("bit", range(7, 48))
@pytest.mark.parametrize("name", ["first_order", "last_order", "frequency", "monetary"])
def test_digest__changes_with_high_bits_too(name, bit):
    assert digest(changed(name, 0, bit).to_batches()).columns[name] != DIGEST.columns[name]


@pytest.mark.parametrize("name", COLUMNS[1:])
def test_digest__tells_whose_value_is_whose(name):
    values = ANSWER[name].to_pylist()
    row = next(i for i, value in enumerate(values) if value != values[0])
    order = list(range(ANSWER.num_rows))
    order[0], order[row] = row, 0
    place = ANSWER.column_names.index(name)
    swapped = ANSWER.set_column(place, name, ANSWER[name].take(order))
    assert digest(swapped.to_batches()).columns[name] != DIGEST.columns[name]


def test_digest__changes_with_another_customer():
    ids = pa.array([0, 1, 2, 3, 4, 6])
    found = digest(ANSWER.set_column(0, "customer_id", ids).to_batches())
    assert found.columns["customer_id"] != DIGEST.columns["customer_id"]


def test_digest__adds_up_exactly():
    assert DIGEST.customers == 6
    assert DIGEST.orders == sum(ANSWER["frequency"].to_pylist())
    assert DIGEST.monetary_minor == sum(int(m * 100) for m in ANSWER["monetary"].to_pylist())


def test_digest__is_the_same_for_other_types_of_the_same_values():
    cents = ANSWER["monetary"].cast(pa.decimal64(18, 2)).combine_chunks().view(pa.int64())
    others = {
        "first_order": ANSWER["first_order"].cast(pa.timestamp("us")),
        "last_order": ANSWER["last_order"].cast(pa.timestamp("ns")),
        "recency_days": ANSWER["recency_days"].cast(pa.int64()),
        "frequency": ANSWER["frequency"].cast(pa.uint32()),
        "monetary": cents,
        "r_score": ANSWER["r_score"].cast(pa.int32()),
        "segment": ANSWER["segment"].cast(pa.string()),
    }
    table = ANSWER
    for name, column in others.items():
        table = table.set_column(table.column_names.index(name), name, column)
    assert digest(table.to_batches()) == DIGEST


@pytest.mark.parametrize("ids", ["string", "large_string", "string_view", "binary", "dictionary"])
def test_digest__is_the_same_for_other_layouts_of_text_ids(ids):
    names = pa.array([f"customer {i}" for i in range(6)])
    layout = names.dictionary_encode() if ids == "dictionary" else names.cast(ids)
    of_names, of_layout = (
        digest(ANSWER.set_column(0, "customer_id", column).to_batches())
        for column in (names, layout)
    )
    assert of_names == of_layout


def test_digest__is_the_same_for_a_uuid_and_its_bytes():
    octets = pa.array([bytes([i]) * 16 for i in range(6)], pa.binary(16))
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), octets)
    of_octets, of_uuids = (
        digest(ANSWER.set_column(0, "customer_id", column).to_batches())
        for column in (octets, uuids)
    )
    assert of_octets == of_uuids


def test_digest__refuses_nulls_and_foreign_types():
    for column in (pa.array([None] * 6, pa.int8()), pa.array(["1"] * 6)):
        with pytest.raises(TypeError, match="r_score"):
            digest(ANSWER.set_column(6, "r_score", column).to_batches())


def test_answer__is_read_from_a_file_a_folder_and_an_arrow_file(tmp_path):
    one, arrow, folder = tmp_path / "one", tmp_path / "arrow", tmp_path / "folder"
    pq.write_table(ANSWER, one)
    with pa.ipc.new_file(str(arrow), ANSWER.schema) as writer:
        writer.write_table(ANSWER)
    folder.mkdir()
    pq.write_table(ANSWER.slice(0, 2), folder / "part-0.parquet")
    pq.write_table(ANSWER.slice(2), folder / "part-1.parquet")
    assert [read_answer(place) for place in (one, arrow, folder)] == [DIGEST] * 3
