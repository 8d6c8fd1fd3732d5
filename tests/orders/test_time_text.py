"""Read times from text, and compare to `datetime.fromisoformat` and `strptime`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.errors import UsageError
from rfm_engine.kernels import COMPILED
from rfm_engine.orders.time.clock import to_instants
from rfm_engine.orders.time.texts import parse_times, read_times
from rfm_engine.orders.time.zones import Zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SHAPE = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"([T ](?P<clock>\d{2}:\d{2}(:\d{2})?)((?<=:\d{2}:\d{2})[.,](?P<fraction>\d+))?"
    r"( ?(?P<zone>[zZ]|UTC|[+-]\d{2}(:?\d{2})?))?)?",
    re.ASCII,
)


def reference(text: str) -> tuple[int, bool] | None:
    """Return microseconds and whether they are local; None if the text is not a time."""
    match = SHAPE.fullmatch(text.strip(" \t\r\n\v\f"))
    if match is None:
        return None
    zone = match["zone"]
    if zone and zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
        if hours > 23 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    else:
        offset = timedelta(0)
    try:
        time = datetime.fromisoformat(f"{match['date']}T{match['clock'] or '00:00'}+00:00")
    except ValueError:
        return None
    if match["clock"] and match["clock"].startswith("24"):
        return None
    us = (time - EPOCH - offset) // MICROSECOND
    return us + int(((match["fraction"] or "") + "000000")[:6]), zone is None


def two(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map("{:02d}".format)


DATES = st.one_of(
    st.dates().map(str),
    st.builds("{:04d}-{}-{}".format, st.integers(1, 9999), two(0, 13), two(0, 32)),
    st.sampled_from(["1900-02-29", "2000-02-29", "2023-02-29", "2024-02-29", "2024-04-31"]),
)
CLOCKS = st.one_of(
    st.times().map(str),
    st.builds("{}:{}".format, two(0, 25), two(0, 61)),
    st.builds("{}:{}:{}{}".format, two(0, 24), two(0, 60), two(0, 61),
              st.sampled_from(["", ".", ".1", ",12", ".123456789123", ".9999999"])),
)  # fmt: skip
OFFSETS = st.one_of(
    st.sampled_from(["", "", "Z", "z", " UTC", " +0200", "UTX", "+2", "+02:0", "+02:00:00"]),
    st.builds("{}{}:{}".format, st.sampled_from("+-"), two(0, 24), two(0, 60)),
    st.builds("{}{}{}".format, st.sampled_from("+-"), two(0, 24), st.sampled_from(["", "30"])),
)
TEXTS = st.one_of(
    DATES,
    st.builds("{}{}{}{}".format, DATES, st.sampled_from("T T_"), CLOCKS, OFFSETS),
    st.builds(" {}T{} ".format, DATES, CLOCKS),
    st.text(max_size=5),
    st.text("0123456789-:T Z+.\u0663", max_size=22),
)


def answers(texts: list[str | None]) -> tuple[list, list]:
    """Return the results for each text as a column of one row, and those of the reference."""
    got, expected = [], []
    for text in texts:
        parsed = parse_times(pa.array([text], pa.string()))
        us = parsed.times.view(pa.int64())[0].as_py()
        got.append(None if parsed.unreadable == 0 else (us, parsed.naive))
        expected.append(reference(text))
    return got, expected


@given(st.lists(TEXTS, min_size=1, max_size=8))
@example(["2024-01-31", "2024-01-31 13:45", "2024-01-31T13:45:07.123456789Z", "2024-01-31T13"])
@example(["2024-01-31T24:00", "2024-01-31T23:59:60", "2024-1-31", "20240131", "", "2024-01-31T"])
@example(["1969-12-31T23:59:59.9999999", "0001-01-01T00:00+14:00", "9999-12-31T23:59:59-12:00"])
@example(["2024-02-30", "2024-00-10", "2024-10-00", "2024-01-31T13:45 ", "2024-01-31 +02:00"])
def test_iso__equals_datetime(texts):
    got, expected = answers(texts)
    assert got == expected


KINDS = st.sampled_from([pa.string(), pa.large_string(), pa.string_view()])


@given(st.lists(st.none() | TEXTS, max_size=10), KINDS, st.integers(0, 2))
@example(["2024-01-31", None, "2024-01-31T00:00Z", "x"], pa.string(), 0)
@example(["x", "2024-01-31T00:00Z", "2024-01-31", "2024-01-31T00:00Z"], pa.string_view(), 1)
@example([None, None], pa.string(), 0)
def test_iso__columns_tell_the_first_fault(texts, kind, skip):
    parsed = parse_times(pa.array(texts, pa.string()).cast(kind)[skip:])
    texts = texts[skip:]
    read = [None if text is None else reference(text) for text in texts]
    natures = [answer[1] for answer in read if answer is not None]
    unreadable = [i for i, t in enumerate(texts) if t is not None and read[i] is None]
    mixed = [i for i, answer in enumerate(read) if answer and answer[1] != natures[0]]
    assert parsed.unreadable == (unreadable or [-1])[0]
    assert parsed.mixed == (mixed or [-1])[0]
    assert parsed.naive == (natures[0] if natures else None)
    assert parsed.times.type.tz == (None if parsed.naive is not False else "UTC")
    assert parsed.times.is_null().to_pylist() == [text is None for text in texts]
    us = parsed.times.view(pa.int64()).to_pylist()
    assert [us[i] for i, answer in enumerate(read) if answer] == [a[0] for a in read if a]


@pytest.mark.parametrize(
    "text", ["0000-00-00", "0000-01-01", "0000-00-00 00:00:00", "0000-12-31T23:59-23:00"]
)
def test_iso__the_year_0_is_a_time_out_of_range(text):
    parsed = parse_times(pa.array([text]))
    assert parsed.unreadable == -1
    for zone in ("UTC", "-12:00", "+14:00"):
        _, bad = to_instants(parsed.times, Zone(zone))
        assert bad.tolist() == [True]


@given(st.lists(st.none() | st.datetimes(), max_size=6), KINDS)
def test_format__equals_strptime(times, kind):
    texts = [None if time is None else f"{time:%d.%m.%H:%M} {time.year:04d}" for time in times]
    parsed = parse_times(pa.array(texts, pa.string()).cast(kind), "%d.%m.%H:%M %Y")
    expected = [None if time is None else time.replace(second=0, microsecond=0) for time in times]
    assert parsed.times.to_pylist() == expected
    assert (parsed.unreadable, parsed.mixed) == (-1, -1)


def test_format__zones_and_faults():
    text = pa.array(["31/01/24 +0200", None, "31/01/24 -0100", "31/02/24 +0000", "31/01/24"])
    parsed = parse_times(text[:3], "%d/%m/%y %z")
    assert parsed.naive is False
    assert parsed.times.to_pylist() == [
        datetime(2024, 1, 30, 22, tzinfo=UTC), None, datetime(2024, 1, 31, 1, tzinfo=UTC),
    ]  # fmt: skip
    assert parse_times(text, "%d/%m/%y %z").unreadable == 3


@pytest.mark.parametrize("time_format", ["%Q", "%", "%d %", "%-d", "%G-%V"])
def test_format__that_strptime_cannot_read_is_refused(time_format):
    with pytest.raises(UsageError, match="time_format must be a format of strptime"):
        parse_times(pa.array(["2024"]), time_format)


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_iso_kernel__compiled_once():
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        parse_times(pa.array(["2024-01-31", "x"], pa.string()).cast(kind))
    assert read_times.n_versions == 1
