"""Test own cycles, due dates and the words of timing."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.orders.time.clock import DAY_US, FIRST_US, LAST_US
from rfm_engine.orders.time.zones import Zone
from rfm_engine.scoring.timing import ONE_ORDER, Orders, Timed, words, write_timing
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


def timed(orders, cycle_us, groups=NO_GROUPS, zone="UTC"):
    found = Timed.room(len(orders.frequency))
    known = write_timing(orders, np.array(cycle_us), groups, Zone(zone), found)
    return found, [True] * len(orders.frequency) if known is None else known.tolist()


@given(
    st.lists(customers(), max_size=20),
    st.integers(0, LAST_US - FIRST_US),
    st.sampled_from(("UTC", "America/New_York", "Pacific/Apia", "Europe/Berlin")),
)
def test_timing__equals_the_definition_for_all_years(rows, cycle, zone):
    found, are_dates = timed(orders_of(rows), [cycle], zone=zone)
    for place, (first, last, n, days) in enumerate(rows):
        own = (last - first + cycle) // n
        assert found.gap_us[place] == (ONE_ORDER if n == 1 else (last - first) // (n - 1))
        assert found.own_us[place] == own
        name = words().timings[found.timing[place]]
        assert name == reference_facts.timing_of(days, own)
        due = reference_facts.due_date(last + own, zone)
        assert are_dates[place] == (due is not None)
        day = int(found.due_days[place])
        assert due is None or date.fromordinal(EPOCH.toordinal() + day) == due


def test_timing__uses_the_cycle_of_the_group():
    orders = orders_of([(0, 0, 1, 0), (0, 0, 1, 0)])
    found, _ = timed(orders, [5, 7], np.array([1, 0], np.uint32))
    assert found.own_us.tolist() == [7, 5]


def test_timing__own_cycle_of_zero():
    found, _ = timed(orders_of([(9, 9, 3, 0), (9, 9, 3, 1)]), [2])
    assert found.own_us.tolist() == [0, 0]
    assert [words().timings[code] for code in found.timing] == ["on time", "lapsed"]


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
