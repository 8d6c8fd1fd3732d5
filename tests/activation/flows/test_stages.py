"""Stages by awareness, interest, purchase and loyalty, beside counting in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.activation.flows.stages import Touches, dates_held, stage_names, stages_at
from tests.conftest import COMPILED

pytestmark = pytest.mark.skipif(not COMPILED, reason="takes minutes without the compiler")

DAYS = ["1997-05-31", "1997-06-30", "1997-07-31", "1997-08-31"]
ORDER_DAYS, TOUCH_DAYS = 31, 20


@pytest.fixture(scope="module")
def history(cdnow, tmp_path_factory):
    history = rfm.History.create(tmp_path_factory.mktemp("stages") / "history")
    history.build(cdnow, as_of=DAYS)
    return history


@pytest.fixture(scope="module")
def people(cdnow):
    """All customers, and people without an order."""
    return [*cdnow["customer_id"].unique().to_pylist(), *(f"new-{n}" for n in range(500))]


@pytest.fixture(scope="module")
def touches(people):
    """Contacts with some of the people."""
    random = np.random.default_rng(3)
    ids = people[:3000] + people[-500:]
    first = date(1997, 5, 1)
    return pa.table({
        "customer_id": ids,
        "day": [first + timedelta(int(n)) for n in random.integers(0, 130, len(ids))],
        "stage": random.choice(["A", "I", "L"], len(ids)).tolist(),
    })  # fmt: skip


def recent_orders(cdnow, day, n_days):
    """Return the number of orders of each customer in the last days."""
    found = Counter()
    ids, days = (cdnow[name].to_pylist() for name in ("customer_id", "order_time"))
    for who, on in zip(ids, days, strict=True):
        found[who] += day - timedelta(n_days) < on <= day
    return found


def counted(cdnow, touches, day):
    """Return the stage of each person, from the orders themselves."""
    orders = recent_orders(cdnow, day, ORDER_DAYS)
    seen: dict[str, set[str]] = {}
    for row in touches.to_pylist():
        if day - timedelta(TOUCH_DAYS) < row["day"] <= day:
            seen.setdefault(row["customer_id"], set()).add(row["stage"])

    def stage(who):
        kinds = seen.get(who, set())
        if orders[who] >= 2 or "L" in kinds:
            return "L"
        return "P" if orders[who] else next((kind for kind in "IA" if kind in kinds), "none")

    return stage


@pytest.mark.parametrize("day", [date(1997, 7, 31), date(1997, 8, 31)])
def test_stages__with_the_date_before_are_exact(history, cdnow, people, touches, day):
    ids = pa.chunked_array([people])
    found = stages_at(history, day, ids, Touches(touches, ORDER_DAYS, TOUCH_DAYS))
    wanted = counted(cdnow, touches, day)
    assert stage_names(found).to_pylist() == [wanted(who) for who in people]


def test_stages__without_the_date_before_are_exact_or_null(history, cdnow, people, touches):
    day = date(1997, 8, 31)
    own = stages_at(history, day, pa.chunked_array([people]), Touches(touches, 40, TOUCH_DAYS))
    orders = recent_orders(cdnow, day, 40)
    stages = dict(zip(people, stage_names(own).to_pylist(), strict=True))
    unknown = [who for who, stage in stages.items() if stage is None]
    assert 0 < len(unknown) < len(people) / 5
    assert all(orders[who] for who in unknown)
    assert all(orders[who] == 1 for who, stage in stages.items() if stage == "P")
    assert not any(orders[who] for who, stage in stages.items() if stage in ("none", "A", "I"))


def test_dates_held__are_those_since_the_newest_that_is_old_enough():
    days = [date(1997, 5, 31), date(1997, 6, 14), date(1997, 6, 30)]
    assert dates_held(days, days[2], 14) == [days[1]]
    assert dates_held(days, days[2], 17) == [days[0], days[1]]
    assert dates_held(days, days[2], 60) is None
    assert dates_held(days, days[0], 1) is None
