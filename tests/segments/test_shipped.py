"""Every cell of every shipped scheme, against an independent table; and known results."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.catalogue import load_scheme, shipped_schemes
from rfm_engine.segments.labels import segment_names
from rfm_engine.segments.linter import lint
from tests import reference_schemes
from tests.reference_segments import CLASSIC

BANDS = ["lapsed", "lapsing", "cooling", "active"]
RAW = {"five-types"}
TWINS = {
    "classic": lambda r, f, _m: CLASSIC[r - 1][f - 1],
    "recency-bands": lambda r, _f, _m: BANDS[r - 1],
}


@pytest.mark.parametrize("name", sorted({*shipped_schemes()} - RAW))
def test_layout__every_cell_as_the_table_says(name):
    scheme = load_scheme(name)
    bins = Bins(*scheme.bins.values())
    assert scheme.name == name
    assert scheme.title
    assert bins == reference_schemes.BINS.get(name, bins)
    names = segment_names(scheme, bins)
    layout = scheme.layout(bins)
    twin = TWINS.get(name) or (lambda *scores: reference_schemes.segment(name, *scores))
    first = scheme.first_score
    for cell, scores in enumerate(itertools.product(*(range(k) for k in bins))):
        assert names[layout[cell]] == twin(*(score + first for score in scores)), scores


@pytest.mark.parametrize("name", shipped_schemes())
def test_lint__every_shipped_scheme_passes(name):
    assert [finding for finding in lint(load_scheme(name)) if finding.error] == []


def test_score__five_types_on_cdnow(cdnow):
    summary = rfm.score(cdnow, as_of="1998-06-30", scheme="five-types").summary()
    assert {s["name"]: s["customers"] for s in summary["segments"]} == {
        "High value": 4617, "New": 0, "Potential": 3546, "At risk": 7353, "Dormant": 7999,
        "Other": 55,
    }  # fmt: skip


TOY = """1 01-01 1; 1 02-06 2; 2 01-01 2; 3 01-01 3; 3 01-02 1; 3 01-05 5; 4 01-16 6; 4 02-02 3;
4 02-05 3; 4 02-05 6; 5 01-16 3; 5 01-17 1; 5 01-18 8; 6 02-02 5"""


def test_score__pymc_on_the_frame_of_its_tests():
    rows = [row.split() for row in TOY.replace("\n", " ").split(";")]
    orders = pa.table(
        {
            "customer_id": [int(who) for who, _, _ in rows],
            "order_time": pa.array([f"2015-{day}" for _, day, _ in rows]).cast(pa.date32()),
            "amount": [int(paid) for _, _, paid in rows],
        }
    )
    result = rfm.score(orders, as_of="2015-02-07", scheme="pymc", amount_scale=0)
    found = {
        row["customer_id"]: (row["frequency"], row["recency_days"], row["segment"])
        for row in result.customers.to_pylist()
    }
    assert found == {
        1: (2, 1, "Other"), 2: (1, 37, "Inactive Customer"), 3: (3, 33, "At Risk Customer"),
        4: (3, 2, "Premium Customer"), 5: (3, 20, "Repeat Customer"), 6: (1, 5, "Top Spender"),
    }  # fmt: skip
    assert (result.options["frequency"], result.options["monetary"]) == ("days", "mean")


def test_score__an_option_beats_the_scheme():
    orders = pa.table(
        {
            "customer_id": [1, 1],
            "order_time": pa.array([0, 1], pa.timestamp("us")),
            "amount": [0, 5],
        }
    )
    for zero, n in ((None, 1), ("drop", 1), ("count", 2)):
        result = rfm.score(orders, as_of="1970-01-01", scheme="klaviyo", zero=zero)
        assert result.customers["frequency"].to_pylist() == [n]


def test_score__putler_counts_from_0_and_weights_add_up():
    orders = pa.table(
        {
            "customer_id": list(range(12)),
            "order_time": pa.array([day * 86_400_000_000 for day in range(12)], pa.timestamp("us")),
            "amount": [float(n) for n in range(12)],
        }
    )
    table = rfm.score(orders, as_of="newest", scheme="putler", weights=["0.1", "0.2", 1]).customers
    assert table.column_names[-3:] == ["rfm_value", "rfm_score", "segment"]
    for row in table.to_pylist():
        r, f, m = row["r_score"], row["f_score"], row["m_score"]
        assert (r, f, m) == (row["customer_id"] // 2, 0, row["customer_id"] // 2)
        assert row["rfm_score"] == f"{r}{f}{m}"
        assert row["rfm_value"] == (r + 2 * f + 10 * m) / 10
        assert row["segment"] == reference_schemes.segment("putler", r, f, m)
