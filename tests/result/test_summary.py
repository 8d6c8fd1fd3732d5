"""What a summary says of its segments, against the rows of the customers."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.result import metadata
from rfm_engine.scoring.cells import Bins
from rfm_engine.segments.catalogue import load_scheme, shipped_schemes
from rfm_engine.segments.labels import segment_names
from rfm_engine.simulate import simulate


@pytest.fixture(scope="module")
def orders():
    return simulate(customers=300, orders=1_200, lines=True).read_all()


@pytest.mark.parametrize(
    "options",
    [
        {"scheme": "classic"},
        {"scheme": "five-types"},
        {"scheme": "five-types", "by": "channel"},
        {"scheme": "klaviyo", "window": "365d"},
        {"method": "nested"},
    ],
)
@pytest.mark.parametrize("most_cells", [10, 10_000])
def test_recency_days_total__is_the_sum_over_the_customers(
    orders, options, most_cells, tmp_path, monkeypatch
):
    monkeypatch.setattr(metadata, "MOST_CELLS", most_cells)
    result = rfm.score(orders, as_of="newest", output=tmp_path / "out.parquet", **options)
    expected = Counter()
    for row in result.customers.to_pylist():
        expected[row["segment"]] += row["recency_days"]
    segments = result.summary()["segments"]
    assert {each["name"]: each["recency_days_total"] for each in segments} == {
        each["name"]: expected[each["name"]] for each in segments
    }
    assert sum(each.recency_days_total for each in result.cells) == expected.total()
    snapshot = rfm.read_snapshot(tmp_path / "out.parquet")
    assert snapshot.summary()["segments"] == segments
    assert snapshot.cells == result.cells
    assert result.segments["recency_days_total"].to_pylist() == [
        each["recency_days_total"] for each in segments
    ]


def test_segments__carry_the_words_of_the_scheme(orders, tmp_path):
    result = rfm.score(orders, as_of="newest", output=tmp_path / "out.parquet")
    champions = load_scheme("classic").segments[0]
    for found in (result, rfm.read_snapshot(tmp_path / "out.parquet")):
        segment = found.summary()["segments"][0]
        assert (segment["about"], segment["action"]) == (champions.about, champions.action)


@pytest.mark.parametrize("name", shipped_schemes())
def test_shipped_schemes__have_words_for_every_segment(name):
    scheme = load_scheme(name)
    names = segment_names(scheme, Bins(*scheme.bins.values()))
    assert {*names} <= {*scheme.words}
    for segment in names:
        assert all(scheme.words[segment]), segment


def test_segments__of_customers_that_match_no_rule_have_words(tmp_path):
    orders = pa.table(
        {"customer_id": [1, 2], "order_time": [date(2025, 1, 1)] * 2, "amount": [5, 7]}
    )
    (tmp_path / "mine.toml").write_text(
        '[[segments]]\nname = "A"\nr = 1\n'
        '[otherwise]\nname = "Rest"\nabout = "All others."\naction = "Wait."\n'
    )
    result = rfm.score(
        orders, as_of="newest", scheme=tmp_path / "mine.toml",
        output=tmp_path / "out.parquet",
    )  # fmt: skip
    for found in (result, rfm.read_snapshot(tmp_path / "out.parquet")):
        rest = found.summary()["segments"][-1]
        assert (rest["name"], rest["about"], rest["action"]) == ("Rest", "All others.", "Wait.")


def test_segments__without_money_of_a_negative_total_have_a_share_of_0():
    orders = pa.table({
        "customer_id": [1, 1, 2, 2], "order_time": [date(2025, 1, 1)] * 4, "amount": [0, -5, 0, 0],
    })  # fmt: skip
    shares = [
        each["share_monetary"] for each in rfm.score(orders, as_of="newest").summary()["segments"]
    ]
    assert 1.0 in shares
    assert {str(share) for share in shares if share is not None} == {"0.0", "1.0"}


@pytest.mark.parametrize(
    ("scheme", "decided_by"),
    [
        ("classic", ["r", "f"]),
        ("shopify", ["r", "f", "m"]),
        ("recency-bands", ["r"]),
        ("five-types", ["recency_days", "frequency", "monetary"]),
    ],
)
def test_decided_by__names_axes_and_measures(orders, scheme, decided_by):
    result = rfm.score(orders, as_of="newest", scheme=scheme)
    assert result.summary()["decided_by"] == decided_by
