"""Snapshots of real orders at two dates, made once per test process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rfm_engine as rfm
from rfm_engine.movement import Comparison

Compare = Callable[..., Comparison]


def scored(orders: object, folder: Path, day: str, **options: Any) -> rfm.Snapshot:
    """Score orders at a date, sorted as in a history."""
    place = folder / f"{day}.parquet"
    rfm.score(orders, as_of=day, sort="customer", output=place, **{"facts": True} | options)
    return rfm.read_snapshot(place)


@pytest.fixture(scope="session")
def cdnow_compared(cdnow, tmp_path_factory) -> Comparison:
    """CDNOW, classic, at the ends of 1997 and of June 1998."""
    folder = tmp_path_factory.mktemp("cdnow-compared")
    days = "1997-12-31", "1998-06-30"
    return Comparison(*(scored(cdnow, folder, day) for day in days), rows=cdnow)
