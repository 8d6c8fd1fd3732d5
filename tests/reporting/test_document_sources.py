"""A report document is the same from metadata and from customers, and is small."""

from __future__ import annotations

import json

import pytest

import rfm_engine as rfm
from rfm_engine.simulate import simulate
from tests.reporting import scorings
from tests.reporting.scorings import without_counts
from tests.shapes import AS_OF, random_orders


@pytest.mark.parametrize("name", scorings.OPTIONS)
def test_document__is_the_same_without_survey_and_concentration_in_the_metadata(tmp_path, name):
    place = tmp_path / "customers.parquet"
    snapshot = scorings.scored(place, name)
    copy = without_counts(place, tmp_path / "copy.parquet")
    assert copy.survey() is None
    assert (copy.overall or copy).facts is None
    assert rfm.report(copy).document == rfm.report(snapshot).document


def test_document__is_the_same_from_a_result_a_snapshot_a_path_and_a_history(tmp_path):
    place = tmp_path / "customers.parquet"
    result = rfm.score(scorings.ORDERS, as_of=AS_OF, output=place, sort="customer", facts=True)
    history = rfm.History.create(tmp_path / "history")
    history.add(place, as_of=AS_OF)
    found = rfm.report(place).document
    assert rfm.report(result).document == found
    assert rfm.report(rfm.read_snapshot(place)).document == found
    from_history = rfm.report(history).document
    beside = ("history", "lacking", "digest")
    assert {key for key in found if found[key] != from_history[key]} <= {*beside}


def test_document__from_metadata_with_facts_reads_no_customer(tmp_path, monkeypatch):
    place = tmp_path / "customers.parquet"
    snapshot = scorings.scored(place, "facts")
    monkeypatch.setattr(rfm.Snapshot, "columns", None)
    monkeypatch.setattr(rfm.Snapshot, "blocks", None)
    assert rfm.report(snapshot).document["head"]["customers"] == snapshot.n_customers


def test_document__has_a_size_that_does_not_depend_on_the_customers(tmp_path):
    sizes = []
    for n in (1_000, 20_000):
        place = tmp_path / f"{n}.parquet"
        rfm.score(simulate(customers=n, orders=3 * n), as_of="newest", output=place, facts=True)
        sizes.append(len(json.dumps(rfm.report(place).document)))
    fewer, more = sizes
    assert abs(more - fewer) < 1_500
    assert more < 25_000


def test_document__has_only_values_that_json_gives_back(tmp_path):
    for name in ("mean", "by", "putler"):
        found = rfm.report(scorings.scored(tmp_path / f"{name}.parquet", name)).document
        assert json.loads(json.dumps(found)) == found


def test_document__of_no_customers_says_what_is_lacking_for_want_of_customers(tmp_path):
    place = tmp_path / "customers.parquet"
    rfm.score(random_orders(0, 1), as_of=AS_OF, output=place)
    found = rfm.report(place).document
    assert found["head"]["customers"] == 0
    assert found["concentration"] is None
    reasons = {each["section"]: each["reason"] for each in found["lacking"]}
    assert {reasons[each] for each in ("scores", "concentration", "cohorts")} == {"customers"}
