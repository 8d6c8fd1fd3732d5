"""Bridges of random orders are those of the reference."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfm_engine.insight.answers import asked_of, checked_options, parameters_of
from rfm_engine.query.session import Machine, Session
from tests.insight import reference
from tests.insight import reference_bridge as bridges
from tests.insight.frames import answers, by, orders, orders_table, random_rows, scored

DATES = bridges.Dates(date(2025, 2, 1), date(2025, 3, 1))
STRATUM = "exposed", "upgraded", "controls", "controls_upgraded"
WHOLE = "eligible", "up", "least0", "least2"
COUNTED = (*STRATUM, "rate")
TESTED = "rr", "rr_low", "rr_high", "p"


def strata_of(rows, attribute):
    """Return what the SQL finds, in which frames of few rows have values too."""
    options = checked_options({"attribute": attribute, "since": DATES.since, "until": DATES.until})
    table = orders_table(rows)
    with tempfile.TemporaryDirectory() as name:
        snapshot = scored(table, Path(name))
        query = asked_of("bridge", snapshot, options).query
        with Session(snapshot, table, Machine(2, None, None)) as session:
            session.prepare([query], {})
            return session.run(query, parameters_of(snapshot, options)).to_pylist()


@settings(max_examples=settings.default.max_examples // 2)
@given(st.data())
def test_bridge__has_the_strata_of_the_reference(data):
    rows = data.draw(orders(data.draw(st.sampled_from(["int", "text"]))))
    attribute = data.draw(st.sampled_from(["source", "product"]))
    expected = bridges.bridge(reference.customers_of(rows, (attribute,)), DATES, attribute)
    found = strata_of(rows, attribute)
    assert by(found, ["value", "stratum"], *STRATUM) == {
        (value, number): tuple(each)
        for value, own in expected.strata.items()
        for number, each in own.items()
    }
    assert {tuple(row[name] for name in WHOLE) for row in found} == (
        {expected[1:]} if expected.strata else set()
    )


@pytest.mark.parametrize("least", [0, 18])
def test_bridge__of_many_customers_is_that_of_the_reference(least):
    rows = random_rows(3000, 300, 2)
    people = reference.customers_of(rows, ("product",))
    expected = bridges.bridge(people, DATES, "product")
    found = answers(
        rows, ["bridge"], attribute="product", min_customers=least, since=DATES.since,
        until=DATES.until,
    )["bridge"]  # fmt: skip
    wanted = bridges.rows_of(expected, least)
    assert len(wanted) > 2
    n = len(COUNTED)
    assert by(found, ["value"], *COUNTED) == {key: own[:n] for key, own in wanted.items()}
    q = bridges.adjusted({value: own[-1] for value, own in wanted.items()})
    for row in found:
        told = [row[name] for name in (*TESTED, "q")]
        assert told == pytest.approx([*wanted[row["value"]][n:], q[row["value"]]], rel=1e-9)
        assert tuple(row[name] for name in WHOLE) == expected[1:]
    ratios = [row["rr"] for row in found]
    assert ratios == sorted(ratios, reverse=True)
