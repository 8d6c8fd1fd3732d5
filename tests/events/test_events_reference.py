"""Events of random orders are those of a reference in plain Python."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rfm_engine.movement.events import events
from tests.events.cases import AS_OF, IDS, orders, orders_table, rows_of, scored, segments_of
from tests.events.reference import Dates, events_between

FEW = settings(max_examples=settings.default.max_examples // 4)
GROUPS = {
    None: ((None,), None),
    "text": ((None, "", "b", "\u00e9"), pa.string()),
    "int": ((-3, None, 11), pa.int64()),
}


@FEW
@given(st.data())
def test_events__are_those_of_the_reference(data):
    kind, grouped = data.draw(st.sampled_from(sorted(IDS))), data.draw(st.sampled_from([*GROUPS]))
    groups, group_type = GROUPS[grouped]
    rows = data.draw(orders(kind, groups))
    two = st.lists(st.sampled_from(AS_OF), min_size=2, max_size=2, unique=True).map(sorted)
    before, after = data.draw(two)
    scheme = data.draw(st.sampled_from(["classic", "five-types"]))
    days = data.draw(st.sampled_from([None, None, 370]))
    by_days, nth = data.draw(st.booleans()), data.draw(st.sampled_from([[3, 5], [4], []]))
    options = {"scheme": scheme, "frequency": "days" if by_days else "orders"}
    options |= {"by": None if group_type is None else "shop"}
    options |= {} if days is None else {"window": f"{days}d"}
    table = orders_table(rows, kind, group_type)
    with tempfile.TemporaryDirectory() as name:
        one, other = (scored(table, day, Path(name), **options) for day in (before, after))
        found = events(one, other, nth=nth)
        segments = segments_of(one), segments_of(other)
    window = () if days is None else (before - timedelta(days), after - timedelta(days))
    expected = events_between(
        rows, Dates(before, after, *window), segments, scheme=scheme,
        asleep=("At risk", "Dormant") if scheme == "five-types" else (), nth=nth, by_days=by_days,
    )  # fmt: skip
    assert rows_of(found, options["by"]) == expected
