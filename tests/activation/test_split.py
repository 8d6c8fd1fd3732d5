"""The bucket of a customer: golden values, uniform, independent, and the same for ever."""

from __future__ import annotations

import hashlib
import stat
from itertools import combinations
from uuid import UUID

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine import StateError, UsageError
from rfm_engine.activation.split import GLOBAL, buckets_of, held_out, key_in, read_key
from tests.conftest import DEEP

KEY = "rfm-test-key"


def by_hand(key: str, campaign: str, customer: str) -> int:
    digest = hashlib.sha256(f"{key}\x1f{campaign}\x1f{customer}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * 10_000 >> 64


@pytest.mark.parametrize(
    ("campaign", "customer", "bucket"),
    [
        ("winback-2026-11", "00001", 5199),
        ("winback-2026-11", "00002", 2045),
        ("winback-2026-12", "00001", 1813),
        (GLOBAL, "00001", 4600),
        ("winback-2026-11", 4711, 4008),
        ("winback-2026-11", -1, 8664),
        ("winback-2026-11", "Zoë", 4010),
    ],
)
def test_buckets__are_those_of_the_specification(campaign, customer, bucket):
    assert buckets_of(KEY, campaign, pa.array([customer])).tolist() == [bucket]


@given(st.text(), st.text(), st.lists(st.text()))
def test_buckets__are_those_of_another_program(key, campaign, customers):
    ids = pa.array(customers, pa.string())
    assert buckets_of(key, campaign, ids).tolist() == [
        by_hand(key, campaign, each) for each in customers
    ]


@pytest.mark.parametrize(
    ("ids", "texts"),
    [
        (pa.array([2**64 - 1, 0], pa.uint64()), ["18446744073709551615", "0"]),
        (pa.array([b"\x00\xff", b""], pa.binary()), ["00ff", ""]),
        (pa.array([UUID(int=1).bytes], pa.uuid()), ["00000000-0000-0000-0000-000000000001"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.chunked_array([[1], [], [2, 3]]), ["1", "2", "3"]),
    ],
    ids=["unsigned", "binary", "uuid", "dictionary", "chunks"],
)
def test_buckets__of_any_type_of_ids(ids, texts):
    assert buckets_of(KEY, "c", ids).tolist() == [by_hand(KEY, "c", text) for text in texts]


def test_buckets__are_those_of_the_query_in_the_documents():
    query = """
        select ((concat('0x', substr(sha256(concat($key, chr(31), $campaign, chr(31), id)), 1, 16))
            ::ubigint)::uhugeint * 10000 >> 64)::int
        from range(1000) as ids(id)
        order by id
    """
    found = duckdb.execute(query, {"key": KEY, "campaign": "c"}).fetchall()
    assert buckets_of(KEY, "c", pa.array(range(1000))).tolist() == [row[0] for row in found]


def test_buckets__of_cdnow_are_independent(cdnow):
    ids = cdnow["customer_id"].unique()
    assert len(ids) == 23_570
    found = [buckets_of(KEY, f"c{n}", ids) for n in range(1, 11)]
    out = [held_out(each, 1000) for each in found]
    assert [int(each.sum()) for each in out] == [
        2346, 2334, 2296, 2303, 2430, 2299, 2404, 2356, 2312, 2449,
    ]  # fmt: skip
    both = [int((one & other).sum()) for one, other in combinations(out, 2)]
    assert (both[0], min(both), max(both)) == (229, 193, 271)
    deciles = np.bincount(found[0] // 1000, minlength=10)
    expected = len(ids) / 10
    assert round(sum((n - expected) ** 2 / expected for n in deciles.tolist()), 3) == 4.989


@pytest.mark.skipif(not DEEP, reason="10 million hashes take 10 s")
def test_buckets__of_ten_million_customers_are_uniform_and_independent():
    ids = pa.array(np.arange(10_000_000))
    one, other = (buckets_of(KEY, name, ids) for name in ("c1", "c2"))
    assert int(held_out(one, 1000).sum()) == 1_000_779
    for each in (one, other):
        counts = np.bincount(each, minlength=10_000)
        # Chi-square with 9,999 degrees of freedom: mean 9,999, standard deviation 141.4.
        chi2 = float(((counts - 1000.0) ** 2).sum() / 1000)
        assert abs(chi2 - 9_999) < 5 * 141.4
    both = np.bincount(one // 1000 * 10 + other // 1000, minlength=100)
    # 81 degrees of freedom given the margins: mean 81, standard deviation 12.7.
    margins = np.outer(both.reshape(10, 10).sum(1), both.reshape(10, 10).sum(0)) / 10_000_000
    assert abs(float(((both.reshape(10, 10) - margins) ** 2 / margins).sum()) - 81) < 5 * 12.7


@given(st.integers(0, 5000), st.integers(0, 5000), st.lists(st.integers(0, 2**63 - 1)))
def test_holdout__keeps_its_customers_when_it_grows(smaller, more, customers):
    found = buckets_of(KEY, "c", pa.array(customers, pa.int64()))
    before, after = held_out(found, smaller), held_out(found, smaller + more)
    assert not (before & ~after).any()


@given(st.lists(st.text(), unique=True), st.lists(st.text(), unique=True))
def test_buckets__do_not_depend_on_other_customers(some, others):
    everybody = [*some, *(each for each in others if each not in some)]
    found = buckets_of(KEY, "c", pa.array(everybody, pa.string())).tolist()
    assert found[: len(some)] == buckets_of(KEY, "c", pa.array(some, pa.string())).tolist()


def test_key__is_written_once_and_for_the_owner_only(tmp_path):
    key = key_in(tmp_path)
    place = tmp_path / "split.key"
    assert len(bytes.fromhex(key)) == 32
    assert place.read_text() == key == key_in(tmp_path)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["split.key"]


def test_key__without_enough_characters_is_refused(tmp_path):
    place = tmp_path / "split.key"
    place.write_text("short\n")
    with pytest.raises(UsageError, match="at least 16 characters; got 5"):
        read_key(place)
    with pytest.raises(StateError, match="at least 16 characters; got 5"):
        key_in(tmp_path)
    place.write_text("sixteen letters.\n")
    assert key_in(tmp_path) == "sixteen letters."
    with pytest.raises(UsageError, match=r"key file .* must be readable text"):
        read_key(tmp_path / "absent")


def test_key__deletes_the_copies_of_processes_that_were_killed(tmp_path):
    (tmp_path / ".split.key.0123abcd.tmp").write_text("unfinished")
    key = key_in(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["split.key"]
    (tmp_path / ".split.key.4567abcd.tmp").write_text(key)
    assert key_in(tmp_path) == key
    assert [each.name for each in tmp_path.iterdir()] == ["split.key"]
