"""`rfm explain` and `rfm drift` print text like the table, or JSON."""

from __future__ import annotations

import json

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


def test_explain__as_json(rfm, shop):
    run = rfm("explain", shop, "--id", "c7", "--id", "c1", "--json")
    found = json.loads(run.stdout)
    assert found["warnings"] == []
    seven, one = found["customers"]
    assert seven["customer"]["customer_id"] == "c7"
    assert seven["customer"]["monetary"] == "8638.50"
    assert seven["axes"][2] == {
        "axis": "m", "value": "8638.50", "score": 4, "above": "7404.50", "up_to": "9872.50",
    }  # fmt: skip
    assert (one["segment"], one["rule"]) != ("", "")
    assert set(one["near"][0]) == {"segment", "missing"}


def test_explain__as_json_has_warnings_and_quiet_has_none(rfm, shop):
    words = ["explain", shop, "--id", "c7", "--where", "customer_id!=c70"]
    assert "warning: --where names 'c70'" in rfm(*words).stderr
    assert rfm(*words, "--quiet").stderr == ""
    run = rfm(*words, "--quiet", "--json")
    assert [each["code"] for each in json.loads(run.stdout)["warnings"]] == ["unseen_values"]


def test_drift__as_json(rfm, shop, tmp_path):
    model = tmp_path / "model.json"
    assert rfm("score", shop, "--save-model", model, "-q").exit_code == 0
    found = json.loads(rfm("drift", model, shop, "--json").stdout)
    assert found["warnings"] == []
    assert [each["what"] for each in found["drift"]] == ["r", "f", "m", "segment"]
    assert [each["psi"] for each in found["drift"]] == [0.0] * 4
    assert found["drift"][0]["then"] == found["drift"][0]["now"] == dict.fromkeys("12345", 0.2)
