"""Test own cycles, due dates and the words of timing."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.orders.time.clock import DAY_US, FIRST_US, LAST_US
from rfm_engine.orders.time.zones import Zone
from rfm_engine.scoring.timing import ONE_ORDER, Orders, due_days, gaps_of, timed, words
from tests import reference_facts
from tests.reference_time import EPOCH

NO_GROUPS = np.zeros(0, np.uint32)
MOST_DAYS = (LAST_US - FIRST_US) // DAY_US
FIRST = FIRST_US + DAY_US  # in every zone a date of the year 1
INSTANTS = st.one_of(st.integers(FIRST, LAST_US), st.sampled_from((FIRST, LAST_US, 0)))


@st.composite
def customers(draw):
    first, last = sorted(draw(st.tuples(INSTANTS, INSTANTS)))
    n = draw(st.one_of(st.integers(1, 4), st.integers(1, 2**40)))
    days = draw(st.one_of(st.integers(0, MOST_DAYS), st.integers(0, 400)))
    return first, last, n, days


def orders_of(rows):
    first, last, n, days = (list(each) for each in zip(*rows, strict=True)) if rows else [[]] * 4
    wide = (np.array(each, np.int64) for each in (first, last, n))
    return Orders(*wide, np.array(days, np.int32))


@given(st.lists(customers(), max_size=20), st.integers(0, LAST_US - FIRST_US))
def test_timed__equals_the_definition_for_all_years(rows, cycle):
    orders = orders_of(rows)
    found = timed(orders, np.array([cycle]), NO_GROUPS)
    gaps = np.empty(len(rows), np.int64)
    gaps_of(*orders[:3], gaps)
    assert gaps.tolist() == found.gap_us.tolist()
    for place, (first, last, n, days) in enumerate(rows):
        own = (last - first + cycle) // n
        assert found.gap_us[place] == (ONE_ORDER if n == 1 else (last - first) // (n - 1))
        assert found.own_us[place] == own
        name = words().timings[found.timing[place]]
        assert name == reference_facts.timing_of(days, own)


def test_timed__uses_the_cycle_of_the_group():
    orders = orders_of([(0, 0, 1, 0), (0, 0, 1, 0)])
    found = timed(orders, np.array([5, 7]), np.array([1, 0], np.uint32))
    assert found.own_us.tolist() == [7, 5]


def test_timed__own_cycle_of_zero():
    found = timed(orders_of([(9, 9, 3, 0), (9, 9, 3, 1)]), np.array([2]), NO_GROUPS)
    assert found.own_us.tolist() == [0, 0]
    assert [words().timings[code] for code in found.timing] == ["on time", "lapsed"]


@given(
    st.lists(st.tuples(INSTANTS, st.integers(0, LAST_US - FIRST_US)), max_size=10),
    st.sampled_from(("UTC", "America/New_York", "Pacific/Apia", "Europe/Berlin")),
)
def test_due__is_a_local_date_up_to_the_year_9999(rows, zone):
    last, own = (np.array([row[part] for row in rows], np.int64) for part in (0, 1))
    days, known = due_days(last, own, Zone(zone))
    wanted = [reference_facts.due_date(sum(row), zone) for row in rows]
    there = [True] * len(rows) if known is None else known.tolist()
    assert there == [each is not None for each in wanted]
    for day, each in zip(days.tolist(), wanted, strict=True):
        assert each is None or date.fromordinal(EPOCH.toordinal() + day) == each


def test_words__fit_the_kernels():
    known = words()
    assert list(known.limits) == sorted(set(known.limits))
    assert 0 < known.limits[0] <= known.limits[-1] <= 8  # times own cycles they fit 64 bits
    assert len(known.timings) == len(known.limits) + 1
    names = {stage.name for stage in known.stages}
    assert len(names) == len(known.stages)
    assert all(stage.timing is None or stage.timing <= set(known.timings) for stage in known.stages)


def test_stages__are_those_of_the_definition():
    known, table = words(), words().stage_table()
    for place, timing in enumerate(known.timings):
        for one, n in ((0, 2), (1, 1)):
            for whale in (False, True):
                stage = known.stages[table[(place * 2 + one) * 2 + whale]].name
                assert stage == reference_facts.stage_of(timing, n, is_whale=whale)
