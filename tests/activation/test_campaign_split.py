"""Drawing the arms of a campaign: from snapshots and histories, with all kinds of ids."""

from __future__ import annotations

import json
from datetime import date, datetime
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.activation.split import buckets_of, key_in

KEY = "a secret of sixteen letters"


@pytest.fixture
def key(tmp_path):
    place = tmp_path / "own.key"
    place.write_text(KEY + "\n")
    return place


def orders(ids, kind=None, shops=None):
    table = pa.table({
        "customer_id": pa.array(ids, kind),
        "order_time": [datetime(2026, 10, 1 + n % 28) for n in range(len(ids))],
        "amount": [1.0 + n for n in range(len(ids))],
    })  # fmt: skip
    return table if shops is None else table.append_column("shop", pa.array(shops))


def scored(table, tmp_path, **options):
    place = tmp_path / "customers.parquet"
    rfm.score(table, as_of="2026-10-31", output=place, **options)
    return rfm.read_snapshot(place)


def split(source, **options):
    whole = {"who": "frequency >= 1", "campaign": "spring", "holdout": "25%"}
    return rfm.campaign.split(source, **whole | options)


IDS = {
    "integers": (range(-50, 50), pa.int64()),
    "large": (range(2**64 - 100, 2**64), pa.uint64()),
    "texts": ([f"c{n}" for n in range(100, 200)], pa.string()),
    "bytes": ([bytes([n, 0]) for n in range(100)], pa.binary()),
    "uuids": ([UUID(int=n << 100).bytes for n in range(100)], pa.uuid()),
}


@pytest.mark.parametrize("kind", IDS)
def test_split__has_the_buckets_of_the_key_in_the_order_of_customers(kind, tmp_path, key):
    ids, arrow_type = IDS[kind]
    snapshot = scored(orders(list(ids)[::-1], arrow_type), tmp_path)
    found = split(snapshot, key_file=key)
    known = pa.array(list(ids), arrow_type)
    assert found["customer_id"].combine_chunks().cast(known.type).equals(known)
    buckets = buckets_of(KEY, "spring", known).tolist()
    assert found["bucket"].to_pylist() == buckets
    arms = ["holdout" if each < 2500 else "treated" for each in buckets]
    assert found["arm"].to_pylist() == arms
    assert set(arms) == {"holdout", "treated"}


def test_split__has_these_columns_and_metadata(tmp_path, key):
    found = split(scored(orders(range(9)), tmp_path), key_file=key)
    assert [(field.name, str(field.type)) for field in found.schema] == [
        ("customer_id", "int64"), ("campaign", "string"), ("arm", "string"), ("bucket", "int32"),
        ("segment", "dictionary<values=string, indices=int16, ordered=0>"),
        ("assigned_on", "date32[day]"),
    ]  # fmt: skip
    assert set(found["campaign"].to_pylist()) == {"spring"}
    assert set(found["assigned_on"].to_pylist()) == {date(2026, 10, 31)}
    assert json.loads(found.schema.metadata[b"rfm_campaign"]) == {
        "campaign": "spring", "holdout_bp": 2500, "as_of": "2026-10-31", "who": ["frequency >= 1"],
    }  # fmt: skip


def test_split__holds_out_a_customer_in_all_groups(tmp_path, key):
    table = orders([*range(60)] * 2, shops=["a"] * 60 + ["b"] * 59 + [None])
    found = split(scored(table, tmp_path, by="shop"), key_file=key)
    assert found.column_names[:3] == ["customer_id", "shop", "campaign"]
    arms = {}
    for row in found.to_pylist():
        arms.setdefault(row["customer_id"], set()).add(row["arm"])
    assert len(found) == 120
    assert all(len(each) == 1 for each in arms.values())


def test_split__chooses_customers_who_meet_all_conditions(tmp_path, key):
    snapshot = scored(orders([1, 1, 2, 3, 3]), tmp_path)
    who = ["frequency == 2", "monetary > 4"]
    assert split(snapshot, who=who, key_file=key)["customer_id"].to_pylist() == [3]
    nobody = split(snapshot, who="frequency > 9", key_file=key)
    assert nobody.num_rows == 0
    with pytest.raises(rfm.UsageError, match="who must be a condition"):
        split(snapshot, who=[], key_file=key)


def test_split__of_a_history_uses_its_newest_snapshot_and_its_key(tmp_path):
    history = rfm.History.create(tmp_path / "history")
    for day in ("2026-10-01", "2026-10-31"):
        history.add(orders(range(20)), as_of=day)
    found = split(history)
    own = split(tmp_path / "history" / "as_of=2026-10-31" / "customers.parquet")
    assert found["assigned_on"][0].as_py() == date(2026, 10, 31)
    key = key_in(history.path)
    assert found["bucket"].to_pylist() == buckets_of(key, "spring", pa.array(range(20))).tolist()
    assert own.equals(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"holdout": "60%"}, "holdout must be a share of the customers like 10% or 2.5%, from 0%"),
        ({"holdout": 0.1}, "got 0.1. Give a percentage"),
        ({"holdout": "1.234%"}, "at most two decimals"),
        ({"campaign": "*"}, "another name than"),
        ({"campaign": "a\tb"}, "a name without control characters"),
        ({"campaign": " "}, "a name without control characters"),
        ({"campaign": None}, "a name without control characters"),
        ({"who": "segmnt == \"x\""}, "Did you mean 'segment'"),
        ({"key_file": None}, r"key_file must be given .* openssl rand"),
        ({"key_file": "missing.key"}, "key file 'missing.key' must be readable text; got no such"),
    ],
)  # fmt: skip
def test_split__refuses(options, message, tmp_path, key):
    snapshot = scored(orders(range(3)), tmp_path)
    with pytest.raises(rfm.UsageError, match=message):
        split(snapshot, **{"key_file": key} | options)


def test_split__refuses_a_column_of_the_same_name(tmp_path, key):
    table = orders(range(3), shops=["a", "b", "c"]).rename_columns(
        ["customer_id", "order_time", "amount", "Campaign"]
    )
    with pytest.raises(rfm.UsageError, match="'Campaign' of the snapshot must have another name"):
        split(scored(table, tmp_path, by="Campaign"), key_file=key)


def test_metadata__are_in_the_file(tmp_path, key):
    from rfm_engine.activation.campaign.drawing import Plan, write_draw

    scored(orders(range(3)), tmp_path)
    place = tmp_path / "arms.parquet"
    plan = Plan("frequency >= 1", "x", "50%", key)
    write_draw(tmp_path / "customers.parquet", plan, str(place))
    assert json.loads(pq.read_schema(place).metadata[b"rfm_campaign"])["holdout_bp"] == 5000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either conversions, or sd and difference; got none"),
        ({"conversions": "2%,1%", "sd": 3}, "got both"),
        ({"conversions": "2%"}, "must be two shares"),
        ({"conversions": "2%,0.02"}, "two different shares"),
        ({"conversions": "2%,0"}, "above 0 and below 1"),
        ({"sd": 3}, "difference must be given with sd"),
        ({"difference": 3}, "sd must be given with difference"),
        ({"sd": "x", "difference": 3}, "sd must be a number above 0; got 'x'"),
        ({"sd": 3, "difference": -1}, "difference must be a number above 0; got -1"),
        ({"sd": 3, "difference": 1, "alpha": 1}, "alpha must be a share"),
        ({"sd": 3, "difference": 1, "holdout": "0%"}, "holdout must be above 0%"),
    ],
)
def test_size__refuses(options, message):
    with pytest.raises(rfm.UsageError, match=message):
        rfm.campaign.size(**options)


def test_size__reads_shares_and_numbers():
    one = rfm.campaign.size(conversions="2.5%,2%", holdout="10%")
    assert one == rfm.campaign.size(conversions=[0.025, "0.02"], holdout="10%", alpha="5%")
    assert (one.treated, one.held_out, one.customers) == (71_320, 7_925, 79_245)
    assert rfm.campaign.size(sd="50", difference=2)[:2] == (9_812, 9_812)
