"""Read seconds, milliseconds and Excel's serial days as times, from numbers and text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine import DataError
from rfm_engine.orders.time.numbers import times_of_numbers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXCEL_DAY_61 = datetime(1900, 3, 1)
OUT_OF_RANGE = 10**18


def micros(column: pa.Array, time_format: str) -> list[int | None]:
    found = times_of_numbers(column, time_format)
    assert found.unreadable == -1
    return found.times.cast(pa.int64()).to_pylist()


@given(st.lists(st.integers(-(10**11), 10**11)))
def test_epoch__integers_are_seconds_or_milliseconds(numbers):
    for kind in (pa.int64(), pa.string(), pa.large_string(), pa.decimal128(20, 0)):
        column = pa.array(numbers, pa.int64()).cast(kind)
        assert micros(column, "epoch") == [number * 10**6 for number in numbers]
        assert micros(column, "epoch-ms") == [number * 10**3 for number in numbers]
    assert times_of_numbers(pa.array([0]), "epoch").times.type == pa.timestamp("us", "UTC")


@given(st.lists(st.decimals(-(10**10), 10**10, places=9)))
def test_epoch__fractions_are_exact_and_floored(numbers):
    expected = [floor(Fraction(number) * 10**6) for number in numbers]
    assert micros(pa.array([f"{number:f}" for number in numbers], pa.string()), "epoch") == expected
    assert micros(pa.array(numbers, pa.decimal128(38, 9)), "epoch") == expected


def test_epoch__beyond_all_years_is_out_of_range_and_null_stays_null():
    for column in (
        pa.array([2**63 - 1, None, -(2**63)]),
        pa.array([2**64 - 1, None, 2**63], pa.uint64()),
        pa.array(["9" * 40, None, "-" + "9" * 19]),
        pa.array([10**30, None, -(10**30)], pa.decimal128(38, -3)),
    ):
        for time_format in ("epoch", "epoch-ms"):
            large, null, other = micros(column, time_format)
            assert abs(large) == abs(other) == OUT_OF_RANGE
            assert null is None


@pytest.mark.parametrize("text", ["", " ", "-", "1e9", "12.", ".5", "1,5", "0x10", "1 2", "nan"])
@pytest.mark.parametrize("time_format", ["epoch", "epoch-ms", "excel"])
def test_text__that_is_no_number_is_found(text, time_format):
    assert times_of_numbers(pa.array(["1", None, text, "x"]), time_format).unreadable == 2


def test_text__milliseconds_have_no_fraction():
    assert times_of_numbers(pa.array([" +17 ", "17.5"]), "epoch-ms").unreadable == 1


@given(st.lists(st.tuples(st.integers(61, 2_958_465), st.integers(0, 86_399_999))))
def test_excel__days_and_milliseconds_come_back_from_floats_and_text(parts):
    serials = [day + Fraction(ms, 86_400_000) for day, ms in parts]
    expected = [
        (EXCEL_DAY_61 - datetime(1970, 1, 1) + timedelta(days=day - 61, milliseconds=ms))
        // timedelta(microseconds=1)
        for day, ms in parts
    ]
    assert micros(pa.array(map(float, serials), pa.float64()), "excel") == expected
    texts = [f"{Decimal(serial.numerator) / serial.denominator:.10f}" for serial in serials]
    assert micros(pa.array(texts, pa.string()), "excel") == expected


def test_excel__whole_days_of_any_type_are_midnights():
    for kind in (pa.int16(), pa.uint64(), pa.float32(), pa.decimal128(30, 3), pa.string()):
        assert micros(pa.array([61, 25569]).cast(kind), "excel") == [-2_203_891_200_000_000, 0]


def test_excel__before_march_1900_and_what_is_no_number_is_out_of_range():
    floats = pa.array([60.9, 1.0, 0.0, -5.0, float("nan"), float("inf"), 1e300])
    assert {abs(each) for each in micros(floats, "excel")} == {OUT_OF_RANGE}
    assert {abs(each) for each in micros(pa.array([60, -(2**63), 2**63 - 1]), "excel")} >= {
        OUT_OF_RANGE
    }


ROWS = {"customer_id": [1, 2, 3], "amount": [1, 2, 3]}
MOMENTS = ["2026-01-02T10:00:00", "2026-01-03T23:30:00", "2026-01-04T00:00:00"]


def scored(times: pa.Array, **options) -> list[dict]:
    orders = pa.table(ROWS | {"order_time": times})
    result = rfm.score(orders, as_of="2026-01-31", timezone="Europe/Berlin", **options)
    return sorted(result.customers.to_pylist(), key=lambda row: row["customer_id"])


def test_score__reads_text_and_numbers_as_times_in_any_table():
    naive = pa.array([datetime.fromisoformat(each) for each in MOMENTS])
    zoned = pa.array([datetime.fromisoformat(each + "+00:00") for each in MOMENTS])
    seconds = [int(datetime.fromisoformat(each + "+00:00").timestamp()) for each in MOMENTS]
    german = [datetime.fromisoformat(each).strftime("%d.%m.%Y %H:%M") for each in MOMENTS]
    serials = [
        (datetime.fromisoformat(each) - EXCEL_DAY_61) / timedelta(days=1) + 61 for each in MOMENTS
    ]
    for text in (pa.array(MOMENTS), pa.array(MOMENTS, pa.string_view())):
        assert scored(text) == scored(text.dictionary_encode()) == scored(naive)
    assert scored(pa.array([each + "Z" for each in MOMENTS])) == scored(zoned)
    assert scored(pa.array(german), time_format="%d.%m.%Y %H:%M") == scored(naive)
    assert scored(pa.array(seconds), time_format="epoch") == scored(zoned)
    assert scored(pa.array(seconds).cast(pa.string()), time_format="epoch") == scored(zoned)
    assert scored(pa.array([s * 1000 for s in seconds]), time_format="epoch-ms") == scored(zoned)
    assert scored(pa.array(serials), time_format="excel") == scored(naive)


@pytest.mark.parametrize(
    ("times", "options", "message"),
    [
        (pa.array([1, 2, 3]), {}, "got int64 in orders. If these are numbers, set time_for"),
        (pa.array([1.0, 2, 3]), {"time_format": "epoch"}, "integers, text or decimals.*got double"),
        (pa.array([1, 2, 3]), {"time_format": "%Y"}, "dates, timestamps or text; got int64"),
        (pa.array(["1", "x", "3"]), {"time_format": "epoch"}, "got 'x' in orders, row 2"),
        (pa.array(["2026-01-01", "soon", None]), {}, "ISO 8601; got 'soon' in orders, row 2"),
    ],
)  # fmt: skip
def test_score__refuses_times_that_mean_nothing(times, options, message):
    with pytest.raises(DataError, match=message):
        scored(times, **options)


@pytest.mark.parametrize("year", ["10000-01-01", "12345-12-31T23:59:59Z", "99999999-01-01 10:00"])
def test_year_10000__is_out_of_range_as_year_0_is(year):
    zone = "Z" if year.endswith("Z") else ""
    times = [f"2026-01-01T00:00{zone}", year, f"0000-00-00T00:00{zone}"]
    orders = pa.table(ROWS | {"order_time": times})
    rows = rfm.score(orders, as_of="2026-01-31").rows
    assert (rows.counted, rows.dropped["bad_time"]) == (1, 2)


@pytest.mark.parametrize(
    "year", ["02026-01-01", "20260-1-01", "10000", "10000-13-01", "+10000-01-01"]
)
def test_year_10000__must_be_written_as_dates_are(year):
    orders = pa.table(ROWS | {"order_time": pa.array(["2026-01-01", year, None])})
    with pytest.raises(DataError, match="row 2"):
        rfm.score(orders, as_of="2026-01-31")


def test_csv__excel_has_the_decimal_point_of_its_amounts(tmp_path):
    (tmp_path / "o.csv").write_text("customer_id;order_time;amount\n7;46023,5;1,50\n")
    options = {"csv_delimiter": ";", "csv_decimal": ",", "time_format": "excel"}
    [row] = rfm.score(tmp_path / "o.csv", as_of="2026-01-31", **options).customers.to_pylist()
    assert row["last_order"] == datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("time_format", ["Epoch", "epochs", "excel ", "dd.mm.yyyy", "ISO"])
def test_time_format__without_directives_is_refused(time_format):
    with pytest.raises(
        rfm.UsageError, match=r"must be a format like %d\.%m\.%Y, or epoch, epoch-ms"
    ):
        scored(pa.array(["1", "2", "3"]), time_format=time_format)
