"""`rfm explain` prints numbers like the table."""

from __future__ import annotations

import pytest


@pytest.fixture
def shop(tmp_path):
    place = tmp_path / "shop.csv"
    lines = [f"c{n},2025-01-{n:02},{n * 1234}.50\n" for n in range(1, 11)]
    place.write_text("customer_id,order_time,amount\n" + "".join(lines))
    return place


def test_explain__separates_thousands(rfm, shop):
    shown = rfm("explain", shop, "--id", "c7").stdout.splitlines()
    assert "monetary  8,638.50: m 4 (above 7,404.50, up to 9,872.50)" in shown
