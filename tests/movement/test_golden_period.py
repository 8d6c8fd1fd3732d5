"""The customers who spent most in one half-year, in the next one: they fall by themselves."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from rfm_engine.movement import Comparison
from tests.conftest import COMPILED, DEEP
from tests.movement.conftest import scored

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

CJ = {
    "customer": "household_id", "time": "transaction_timestamp", "amount": "sales_value",
    "order": "basket_id",
}  # fmt: skip
SCHEME = """
name = "top"
otherwise = "rest"
[[segments]]
name = "top"
when = ["is_whale"]
"""
# Whales: customers, and minor units of spend in both half-years; the same of the rest.
SHARES = {
    "20%": ((479, 124_110_584, 116_849_828), (1_914, 100_808_236, 115_649_948)),
    "5%": ((120, 49_395_789, 44_760_384), None),
}


@pytest.mark.parametrize("share", SHARES if DEEP else ["20%"])
def test_period__of_those_who_spent_most(journey_transactions, tmp_path, share):
    rows = pq.read_table(journey_transactions, columns=[*CJ.values()])
    (tmp_path / "top.toml").write_text(SCHEME)
    days = "2017-06-30", "2017-12-31"
    options = {"scheme": tmp_path / "top.toml", "whales": share, **CJ}
    snapshots = [scored(rows, tmp_path, day, **options) for day in days]
    found = {
        row["segment"]: (
            row["customers"], int(row["spend_before"] * 100), int(row["spend_after"] * 100)
        )
        for row in Comparison(*snapshots, rows=rows).period().to_pylist()
    }  # fmt: skip
    top, rest = SHARES[share]
    assert found["top"] == top
    assert rest in (None, found["rest"])
    if share == "20%":
        assert snapshots[0].facts.whale_least == 151_190
        changes = [round(100 * (after / before - 1), 2) for _, before, after in SHARES[share]]
        assert changes == [-5.85, 14.72]
