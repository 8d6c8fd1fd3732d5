"""Predicted and actual orders in the report document, from the tables of a validation."""

from __future__ import annotations

import json
from datetime import date
from statistics import NormalDist, fmean, pstdev

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfm_engine as rfm
from rfm_engine.clv.report_tables import CALIBRATION, SCHEMAS, TRACKING, described
from rfm_engine.clv.validation.files import write_tables
from rfm_engine.reporting.document.clv import MOST_WEEKS, interval_of
from rfm_engine.reporting.document.tables import tables_in
from rfm_engine.result.table_origin import METADATA_KEY, origin_of
from tests.conftest import COMPILED
from tests.reporting.shops import ORDERS, scored
from tests.reporting.validations import changed, people_of, validation

END = date(2026, 3, 31)
OPTIONS = {"family": "bg-nbd", "fit_as_of": "2026-03-24", "validate_days": 7}
# Three customers, of whom one ordered on one day, and one on two days.
GROUPS = [
    {"grouping": "tenth", "group": "1", "customers": 1, "predicted": 0.25, "actual": 0,
     "actual_squares": 0},
    {"grouping": "tenth", "group": "2", "customers": 2, "predicted": 1.5, "actual": 3,
     "actual_squares": 5},
    {"grouping": "repeat_days", "group": "0", "customers": 3, "predicted": 1.75, "actual": 3,
     "actual_squares": 5},
]  # fmt: skip
WEEKS = [
    {"week": 1, "last_day": date(2026, 3, 24), "actual": 4, "expected": 3.5,
     "actual_cumulative": 4, "expected_cumulative": 3.5, "in_fit": True},
    {"week": 2, "last_day": END, "actual": 3, "expected": 2.0, "actual_cumulative": 7,
     "expected_cumulative": 5.5, "in_fit": False},
]  # fmt: skip


def table_of(name, rows, customers=3, **options):
    table = pa.Table.from_pylist(rows, SCHEMAS[name])
    return described(table, name, END, OPTIONS | options, customers)


CALIBRATED, TRACKED = table_of(CALIBRATION, GROUPS), table_of(TRACKING, WEEKS)


@pytest.fixture
def section(tmp_path):
    """Return the function that returns the section of some tables."""
    folder, snapshot = tmp_path / "tables", scored(tmp_path, str(END))
    folder.mkdir()

    def found(*tables):
        for number, table in enumerate(tables):
            pq.write_table(table, folder / f"{number}.parquet")
        return tables_in(folder, snapshot).clv

    return found


def test_described__has_types_and_origin_of_the_table():
    narrow = CALIBRATED.set_column(2, "customers", CALIBRATED["customers"].cast(pa.int32()))
    found = described(narrow, CALIBRATION, END, OPTIONS, 3)
    assert found.schema.remove_metadata() == SCHEMAS[CALIBRATION]
    assert origin_of(found) == {
        "table": CALIBRATION, "as_of": "2026-03-31", "options": OPTIONS, "customers": 3
    }  # fmt: skip


def test_clv__has_groups_and_weeks(section):
    found = section(CALIBRATED, TRACKED)
    assert json.loads(json.dumps(found)) == found
    calibration, tracking = found.pop("calibration"), found.pop("tracking")
    assert found == {
        "family": "bg-nbd", "fit_as_of": "2026-03-24", "days": 7, "customers": 3, "actual": 3,
        "predicted": 1.75,
    }  # fmt: skip
    assert [each["grouping"] for each in calibration] == ["repeat_days", "tenth"]
    one, two = calibration[1]["groups"]
    assert one == {
        "group": "1", "customers": 1, "predicted": 0.25, "actual": 0, "actual_squares": 0,
        "low": None, "high": None,
    }  # fmt: skip
    assert (two["low"], two["high"]) == interval_of(2, 3, 5)
    assert tracking["weeks"] == [
        each | {"last_day": str(each["last_day"])} for each in WEEKS
    ]  # fmt: skip
    assert tracking["left_out"] == 0


def test_clv__needs_only_one_table(section):
    assert section() is None
    found = section(TRACKED)
    assert (found["actual"], found["predicted"], found["calibration"]) == (None, None, [])
    found = section(CALIBRATED)
    assert (found["actual"], found["tracking"]) == (3, None)


def test_clv__has_the_newest_weeks(section):
    day = date(2026, 3, 31).toordinal()
    rows = [
        WEEKS[0] | {
            "week": n, "last_day": date.fromordinal(day - 7 * (300 - n)), "actual": 1,
            "actual_cumulative": n,
        }
        for n in range(1, 301)
    ]  # fmt: skip
    found = section(table_of(TRACKING, rows))["tracking"]
    assert found["left_out"] == 300 - MOST_WEEKS
    assert [week["week"] for week in found["weeks"]] == [*range(41, 301)]


def test_clv__of_no_customers(section):
    found = section(table_of(CALIBRATION, [], 0), table_of(TRACKING, [], 0))
    assert (found["actual"], found["calibration"]) == (None, [])
    assert found["tracking"] == {"weeks": [], "left_out": 0}


def test_interval__is_that_of_the_mean():
    counts = [len(each.later) for each in people_of(300, 200, 90, 5)]
    half = NormalDist().inv_cdf(0.975) * pstdev(counts) / 300**0.5
    low, high = interval_of(300, sum(counts), sum(n * n for n in counts))
    assert low == pytest.approx(fmean(counts) - half, rel=1e-4)
    assert high == pytest.approx(fmean(counts) + half, rel=1e-4)
    assert interval_of(4, 1, 1)[0] == 0  # a mean is not negative


@pytest.mark.parametrize(
    ("n", "count"), [(0, 0), (1, 0), (1, 59), (2, 7), (299, 0), (10**6, 10**6)]
)
def test_interval__needs_variance(n, count):
    total, squares = n * count, n * count**2
    assert interval_of(n, total, squares) == (None, None)
    low, high = interval_of(n + 1, total + count + 1, squares + (count + 1) ** 2)
    assert (low is None) == (n == 0)
    assert n == 0 or low < high


def test_clv__of_another_validation_is_refused(section):
    other = table_of(TRACKING, WEEKS, family="pareto-nbd")
    with pytest.raises(rfm.UsageError, match=r"one validation; got two in 0.parquet and 1.parq"):
        section(CALIBRATED, other)


def test_clv__of_another_date_is_refused(section):
    other = validation(date(2026, 3, 30), customers=9)[CALIBRATION]
    with pytest.raises(rfm.UsageError, match="must have the date 2026-03-31"):
        section(other)


def with_row(table, place, **values):
    return changed(table, lambda rows: rows[place].update(values))


def with_origin(**changes):
    origin = {**origin_of(CALIBRATED), **changes}
    return CALIBRATED.replace_schema_metadata({METADATA_KEY: json.dumps(origin)})


def with_names(*names):
    return CALIBRATED.rename_columns(names).replace_schema_metadata(CALIBRATED.schema.metadata)


def with_texts(name, kind=None):
    place = CALIBRATED.column_names.index(name)
    return CALIBRATED.set_column(place, name, pa.array(["x", "y", "z"], kind))


NAMES = SCHEMAS[CALIBRATION].names
MANY = [GROUPS[0] | {"group": str(n)} for n in range(51)]
BAD = {
    "no column": (CALIBRATED.drop_columns(["predicted"]), "must have the columns grouping, group"),
    "another column": (with_names(*NAMES[:-1], "x"), "must have the columns grouping, group"),
    "text": (with_texts("customers"), "known types and values; got grouping string, .*customers s"),
    "other text": (with_texts("group", pa.large_string()), None),
    "null": (with_row(CALIBRATED, 0, customers=None), "numbers from 0 to 1e19"),
    "negative": (with_row(CALIBRATED, 0, customers=-1), "numbers from 0 to 1e19"),
    "nan": (with_row(CALIBRATED, 0, predicted=float("nan")), "numbers from 0 to 1e19"),
    "infinite": (with_row(CALIBRATED, 0, predicted=float("inf")), "numbers from 0 to 1e19"),
    "grouping": (with_row(CALIBRATED, 0, grouping="city"), "have groupings equal_orders"),
    "squares": (with_row(CALIBRATED, 1, actual_squares=4), "sums and squares of counts"),
    "no squares": (with_row(CALIBRATED, 1, actual_squares=0), "sums and squares of counts"),
    "orders of none": (with_row(CALIBRATED, 0, customers=0, actual=1), "sums and squares"),
    "customers": (with_row(CALIBRATED, 0, customers=2), "3 customers in the groups of tenth"),
    "orders": (with_row(CALIBRATED, 0, actual=1, actual_squares=1), "the same number of orders"),
    "groups": (table_of(CALIBRATION, MANY, 51), "at most 50 groups of tenth; got 51"),
    "no family": (with_origin(options=OPTIONS | {"family": 1}), "name its validation"),
    "no date": (with_origin(options=OPTIONS | {"fit_as_of": "March"}), "name its validation"),
    "no days": (with_origin(options={}), "name its validation"),
    "no customers": (with_origin(customers=None), "name its validation"),
    "a week": (with_row(TRACKED, 1, week=3), "consecutive weeks that add up; got week 3"),
    "a day": (with_row(TRACKED, 1, last_day=date(2026, 3, 24)), "consecutive weeks"),
    "a sum": (with_row(TRACKED, 1, actual_cumulative=8), "consecutive weeks that add up"),
    "a fit": (with_row(TRACKED, 1, in_fit=True), None),
    "a fit after": (with_row(with_row(TRACKED, 0, in_fit=False), 1, in_fit=True), "consecutive"),
    "no day": (with_row(TRACKED, 1, last_day=None), "numbers from 0 to 1e19"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_clv__of_a_damaged_table_is_refused_in_one_line(section, name):
    table, message = BAD[name]
    if message is None:  # other types with the same values, and a fit to all weeks, are fine
        assert section(table) is not None
        return
    with pytest.raises(rfm.DataError, match=message) as caught:
        section(table)
    text = str(caught.value)
    assert text.startswith("insight file '0.parquet', a table clv-")
    assert "\n" not in text
    assert len(text) < 400


@pytest.mark.skipif(not COMPILED, reason="takes a minute without the compiler")
def test_clv__of_a_validation_of_cdnow(tmp_path, cdnow):
    """The published number of orders, and 39 weeks before and after the end of the fit."""
    found = rfm.validate_clv(cdnow, as_of="1998-06-30", validate="273d", family="bg-nbd")
    write_tables(found, "bg-nbd", tmp_path / "tables")
    rfm.score(cdnow, as_of="1998-06-30", output=tmp_path / "customers.parquet")
    clv = tables_in(tmp_path / "tables", rfm.read_snapshot(tmp_path / "customers.parquet")).clv
    assert (clv["customers"], clv["actual"], clv["fit_as_of"]) == (23_570, 19_684, "1997-09-30")
    groups = {each["grouping"]: each["groups"] for each in clv["calibration"]}
    assert [len(own) for own in groups.values()] == [10, 8, 10]
    sums = [each["predicted"] for each in groups["equal_orders"]]
    assert max(sums) - min(sums) < 0.02 * clv["predicted"]
    weeks = clv["tracking"]["weeks"]
    assert [week["in_fit"] for week in weeks] == [True] * 39 + [False] * 39
    assert weeks[-1]["actual_cumulative"] - weeks[38]["actual_cumulative"] == 19_684


def test_report__without_the_tables_says_what_adds_them(tmp_path):
    document = rfm.report(scored(tmp_path, str(END)), rows=ORDERS).document
    assert document["clv"] is None
    assert {"section": "clv", "reason": "insight"} in document["lacking"]
