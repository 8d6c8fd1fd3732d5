"""Compare every zone of the tz database, as a step function, to `zoneinfo`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.errors import UsageError
from rfm_engine.orders.time.zones import Zone
from tests.conftest import COMPILED

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = resources.files("tzdata").joinpath("zones").read_text().split()
# Many names refer to the same file. Test one name per file.
DISTINCT = list(
    {
        resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes(): name
        for name in NAMES
    }.values()
)
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999
DAY_US = 86_400_000_000
INSTANTS = st.integers(FIRST_US + DAY_US, LAST_US - DAY_US)

made = cache(Zone)


@cache
def reference(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def expected_us(name: str, instant_us: int) -> int:
    local = (EPOCH + timedelta(microseconds=instant_us)).astimezone(reference(name))
    return local.utcoffset() // timedelta(microseconds=1)


def expected_wall_us(name: str, wall_us: int) -> int:
    wall = (EPOCH + timedelta(microseconds=wall_us)).replace(tzinfo=reference(name))
    return wall.utcoffset() // timedelta(microseconds=1)


def held(steps: tuple[np.ndarray, np.ndarray], us: list[int]) -> list[int]:
    starts, offsets = steps
    return offsets[np.searchsorted(starts, us, "right") - 1].tolist()


def around(starts: np.ndarray) -> list[int]:
    """Instants at, next to and between changes; every 301st of the thousands from the rule."""
    kept = np.concatenate([starts[1:300], starts[300::301], starts[-2:]])
    sides = [-86_400, -7201, -3601, -3600, -1801, -1, 0, 1, 1799, 3599, 3600, 7200, 86_400]
    near = [int(start) + side * 10**6 for start in kept for side in sides]
    near += [int(start) + 1 for start in kept] + [int(start) - 1 for start in kept]
    return [us for us in near if FIRST_US + DAY_US <= us <= LAST_US - DAY_US]


@pytest.mark.parametrize("name", DISTINCT if COMPILED else DISTINCT[::9])
def test_zone__equals_zoneinfo_around_every_change(name):
    zone = Zone(name)
    starts, offsets = zone.steps(FIRST_US, LAST_US)
    assert starts[0] == -(2**63)
    assert (np.diff(starts[1:]) > 0).all()
    assert (np.diff(offsets) != 0).all()
    instants = around(starts)
    assert held((starts, offsets), instants) == [expected_us(name, us) for us in instants]
    wall_starts, _ = wall_steps = zone.wall_steps(FIRST_US, LAST_US)
    assert (np.diff(wall_starts[1:]) > 0).all()
    walls = around(wall_starts)
    assert held(wall_steps, walls) == [expected_wall_us(name, us) for us in walls]


def test_zone__no_change_is_missed_by_listed_and_ruled_ones():
    """Check each day of years in which zones had most changes, and of years under their rules."""
    for name in NAMES[::7]:
        steps = made(name).steps(FIRST_US, LAST_US)
        for year in (1940, 1975, 2036, 2040, 2444, 9997):
            begin = (datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
            days = [begin + day * DAY_US for day in range(370)]
            assert held(steps, days) == [expected_us(name, us) for us in days]


@given(st.sampled_from(NAMES), st.lists(INSTANTS, min_size=1, max_size=20))
def test_zone__steps_of_a_range_hold_in_it(name, instants):
    zone = made(name)
    instants = sorted(instants)
    low, high = instants[0], instants[-1]
    assert held(zone.steps(low, high), instants) == [expected_us(name, us) for us in instants]
    walls = [expected_wall_us(name, us) for us in instants]
    assert held(zone.wall_steps(low, high), instants) == walls
    starts, offsets = zone.steps(low, high)
    assert starts[0] == -(2**63)
    assert len(starts) == len(offsets)
    assert not starts.flags.writeable


def test_zone__three_years_need_few_steps():
    starts, _ = made("Europe/Berlin").steps(1_672_531_200 * 10**6, 1_767_225_600 * 10**6)
    assert len(starts) == 7


@given(st.integers(-1439, 1439))
def test_zone__fixed_offset(minutes):
    text = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    expected = timezone(timedelta(minutes=minutes)).utcoffset(None) // timedelta(microseconds=1)
    zone = Zone(text)
    assert held(zone.steps(0, 0), [0]) == held(zone.wall_steps(0, 0), [0]) == [expected]
    assert zone.is_utc == (minutes == 0)


def test_zone__utc_by_any_name():
    assert all(Zone(name).is_utc for name in ("UTC", "Etc/UTC", "Zulu", "+00:00", "-00:00"))
    assert not any(Zone(name).is_utc for name in ("Europe/London", "Africa/Abidjan", "+00:01"))
    assert repr(Zone("UTC")) == "Zone('UTC')"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("europe/berln", "Did you mean 'Europe/Berlin'"),
        ("utc", "'UTC'"),
        ("", "Give a name such as Europe/Berlin"),
        ("+2:00", "an offset like"),
        ("+24:00", "an offset like"),
        ("+02:60", "an offset like"),
        ("../../etc/passwd", "must be an IANA name"),
        ("Europe", "must be an IANA name"),
    ],
)
def test_zone__unknown_name_is_refused_with_what_comes_close(name, hint):
    with pytest.raises(UsageError, match="timezone must be") as refused:
        Zone(name)
    assert hint in str(refused.value)
    assert repr(name) in str(refused.value)
