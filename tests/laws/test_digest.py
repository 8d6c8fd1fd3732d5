"""Test that the digest of the sorted output does not depend on how the work is divided."""

from __future__ import annotations

import itertools
import random
from itertools import pairwise

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

import rfm_engine as rfm
from tests import reference
from tests.compare import digest, expected_totals, totals_of
from tests.conftest import COMPILED, DEEP
from tests.shapes import AS_OF, random_orders, rows_of
from tests.variants import VARIANTS, variant

# 4,000 rows also contain every case of merging.
N_ROWS, N_FILES = 20_000 if DEEP else 4_000, 3
OPTIONS = {"as_of": AS_OF, "order": "order_id"}


@pytest.fixture(scope="module")
def orders() -> pa.Table:
    """Build orders with text ids whose lines are far apart; a tenth of the order ids are null."""
    plain = random_orders(N_ROWS, N_ROWS * 3 // 40, seed=7)
    dice = random.Random(11)
    ids = pa.array([f"customer {value}" for value in plain["customer_id"].to_pylist()])
    order_ids = [None if dice.random() < 0.1 else dice.randrange(4) for _ in range(N_ROWS)]
    return plain.set_column(0, "customer_id", ids).append_column(
        "order_id", pa.array(order_ids, pa.int32())
    )


@pytest.fixture(scope="module")
def files(orders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("digest")
    size = N_ROWS // N_FILES + 1
    paths = [folder / f"{number}.parquet" for number in range(N_FILES)]
    for number, path in enumerate(paths):
        pq.write_table(orders.slice(number * size, size), path, row_group_size=N_ROWS // 20)
    return paths


@pytest.fixture(scope="module")
def expected(orders):
    return expected_totals(reference.totals(rows_of(orders), as_of=AS_OF, has_order=True))


@pytest.fixture(scope="module")
def want(orders) -> str:
    return digest(rfm.score(orders, **OPTIONS, threads=1).customers)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("turn", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_score__threads_and_file_order(files, want, threads, turn):
    result = rfm.score([files[number] for number in turn], **OPTIONS, threads=threads)
    assert digest(result.customers) == want


@pytest.mark.parametrize(
    ("size", "threads"),
    [(7, 2), *itertools.product([64, 1_000, 4_096, 65_536], [1, 2, 3])],
)
def test_score__batch_sizes(orders, want, threads, size):
    assert digest(rfm.score(batches(orders, size), **OPTIONS, threads=threads).customers) == want


def test_score__batches_of_one_row(orders):
    some = orders.slice(0, N_ROWS // 10).combine_chunks()
    want = digest(rfm.score(some, **OPTIONS).customers)
    assert digest(rfm.score(batches(some, 1), **OPTIONS, threads=3).customers) == want


def batches(orders, size):
    """Return a reader of batches that have `size` rows at most."""
    found = iter(orders.to_batches(max_chunksize=size))
    return pa.RecordBatchReader.from_batches(orders.schema, found)


@pytest.mark.parametrize("threads", [1, 3] if COMPILED else [3])
@pytest.mark.parametrize("way", VARIANTS)
def test_score__ways_of_working(files, want, way, threads):
    with variant(way):
        assert digest(rfm.score(files, **OPTIONS, threads=threads).customers) == want


@pytest.mark.parametrize("seed", [1, 2])
def test_score__row_order(orders, want, seed):
    turn = list(range(N_ROWS))
    random.Random(seed).shuffle(turn)
    assert digest(rfm.score(orders.take(turn), **OPTIONS, threads=2).customers) == want


def in_a_row(parts):
    first, *rest = parts
    for part in rest:
        first.merge(part)
    return first


def as_a_tree(parts):
    while len(parts) > 1:
        pairs = list(zip(parts[::2], parts[1::2], strict=False))
        for left, right in pairs:
            left.merge(right)
        parts = [left for left, _ in pairs] + parts[len(pairs) * 2 :]
    return parts[0]


def backwards_into_empty(parts):
    empty = rfm.CustomerTotals(**OPTIONS)
    for part in reversed(parts):
        empty.merge(part)
    return empty


@pytest.mark.parametrize("hash_key", [0, 0xC0FFEE_0000_0001])
@pytest.mark.parametrize("shape", [in_a_row, as_a_tree, backwards_into_empty])
def test_totals__merge_shapes_and_hash_keys(orders, expected, hash_key, shape):
    seventh = N_ROWS // 7
    bounds = [0, 10, seventh, seventh + 1, 3 * seventh, N_ROWS]
    parts = []
    for start, end in pairwise(bounds):
        part = rfm.CustomerTotals(**OPTIONS, hash_key=hash_key)
        part.update(orders.slice(start, end - start))
        parts.append(part)
    assert totals_of(shape(parts).finish()) == expected
