"""The segment table at several widths, against its text, and its averages against fractions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from rfm_cli import segment_table, table, words
from rfm_cli.segment_table import segment_lines
from rfm_cli.treatment_table import treatment_lines


def segment(name: str, customers: int, orders: int, monetary: str, days: int, **more) -> dict:
    return {
        "name": name, "customers": customers, "orders": orders, "monetary": monetary,
        "recency_days_total": days,
        "about": None, "action": None, **more,
    }  # fmt: skip


SEGMENTS = [
    segment("Champions", 4_151, 33_966, "1297649.37", 123_456),
    segment("Can't Lose Them", 2, 3, "-12.35", 401),
    segment("Potential Loyalists", 0, 0, "0.00", 0),
]


def lines_at(width: int, segments=SEGMENTS, counted: str = "orders", **options) -> list[str]:
    return [line.plain for line in segment_lines(segments, counted, width, **options)]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_segment_lines__fit_and_have_no_trailing_blanks(width):
    lines = lines_at(width)
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    assert lines[3].startswith("Champions ")


def test_segment_lines__at_40_columns_have_name_customers_and_shares():
    assert lines_at(40) == [
        "                       Customers  Money",
        "Segment             Count  Share  Share",
        "─" * 39,
        "Champions           4,151 100.0% 100.0%",
        "Can't Lose Them         2   0.0%   0.0%",
        "Potential Loyalists     0   0.0%   0.0%",
        "─" * 39,
        "Total               4,153   100%   100%",
    ]


def test_segment_lines__end_with_an_exact_total():
    days, orders = Fraction(123_857, 4_153), Fraction(33_969, 4_153)
    spend, per_order = Fraction(129_763_702, 4_153), Fraction(129_763_702, 33_969)
    [count, share, order_count, money, money_share, *averages] = lines_at(120)[-1].split()[1:]
    assert (count, share, money_share) == ("4,153", "100%", "100%")
    assert (order_count, money) == ("33,969", "1,297,637.02")
    assert averages == [
        f"{round(days * 10) / 10:.1f}", f"{round(per_order) / 100:.2f}",
        f"{round(orders * 100) / 100:.2f}", f"{round(spend) / 100:.2f}",
    ]  # fmt: skip


def test_segment_lines__have_no_negative_zero():
    few = [segment("A", 1, 1, "-0.01", 0), segment("B", 1, 1, "99.99", 0)]
    assert lines_at(40, few)[3].split() == ["A", "1", "50.0%", "0.0%", "0.0"]


def test_segment_lines__round_shares_once():
    few = [segment("A", 3_455_003, 1, "34.55003", 0), segment("B", 6_544_997, 1, "65.44997", 0)]
    assert lines_at(40, few)[3].split() == ["A", "3,455,003", "34.6%", "34.6%"]


def test_segment_lines__of_one_segment_have_no_total():
    assert len(lines_at(80, SEGMENTS[:1])) == 4


def test_segment_lines__of_no_customers_have_an_empty_total():
    none = [segment(n, 0, 0, "0.00", 0) for n in "ab"]
    assert lines_at(80, none)[-1].split() == ["Total", "0", "0.0%", "0", "0.00", "0.0%"]


def test_segment_lines__at_80_columns_have_all_averages():
    heads = " ".join(lines_at(80)[1].split())
    assert heads == "Segment Count Share Share last order order Orders Spend"
    assert lines_at(80)[3].split()[4:] == ["29.7", "38.20", "8.18", "312.61"]
    assert lines_at(80)[4].split()[6:] == ["200.5", "-4.12", "1.50", "-6.18"]  # half to even
    assert lines_at(80)[5].split() == ["Potential", "Loyalists", "0", "0.0%", "0.0%"]


def test_segment_lines__at_120_columns_have_totals_and_bars_scaled_to_the_largest():
    lines = lines_at(120)
    assert "33,966" in lines[3]
    assert "1,297,649.37" in lines[3]
    assert lines[3].endswith("█" * 12)
    assert "█" not in lines[4]


def test_segment_lines__of_a_terminal_of_ascii_are_ascii():
    assert all(line.isascii() for line in lines_at(120, ascii_only=True))


@pytest.mark.parametrize("name", ["x" * 70, "顧客" * 15, "[bold]:star:", "two\nlines"])
def test_segment_lines__never_drop_a_name(name):
    lines = lines_at(40, [segment(name, 1, 1, "1.00", 5)])
    assert lines[3].startswith(name.replace("\n", "\\n"))
    assert {cell_len(line) for line in (lines[2], lines[3])} == {cell_len(lines[3])}


def test_segment_lines__of_days_say_so():
    heads = lines_at(120, counted="days")
    assert "day  Days" in heads[1]
    assert "Orders" not in heads[1]


amounts = st.integers(-(10**17), 10**17)


@given(amounts, st.integers(1, 10**9), st.integers(0, 9))
def test_quotient__is_the_exact_one_rounded_half_to_even(part, whole, digits):
    text = segment_table._quotient(part, whole, digits).replace(",", "")
    assert text.partition(".")[2] == "" if digits == 0 else len(text.partition(".")[2]) == digits
    found, exact = Fraction(text), Fraction(part, whole)
    ulp = Fraction(1, 10**digits)
    assert abs(found - exact) <= ulp / 2
    if abs(found - exact) == ulp / 2:
        assert (found / ulp) % 2 == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0", "0"), ("-0.05", "-0.05"), ("1234.50", "1,234.50"), ("-1000", "-1,000")],
)
def test_with_separators__keeps_every_digit(text, shown):
    assert words.with_separators(text) == shown


@pytest.mark.parametrize(
    ("decided_by", "line"),
    [
        (["r", "f"], "segments by r and f; m plays no part"),
        (["r"], "segments by r; f and m play no part"),
        (["r", "f", "m"], "segments by r, f and m"),
        (
            ["recency_days", "average_order"],
            "segments by recency_days and average_order; f plays no part",
        ),
        ([], "one segment for all customers"),
    ],
)  # fmt: skip
def test_deciding_line__says_what_plays_no_part(decided_by, line):
    assert table.deciding_line(decided_by) == line


def test_treatment_lines__wrap_and_leave_out_empty_segments():
    words = {"about": "Bought often.", "action": "Reward them, and ask them for reviews."}
    segments = [
        segment("Champions", 1, 1, "1.00", 1, **words),
        segment("Lost", 0, 0, "0.00", 0, **words),
        segment("Others", 1, 1, "1.00", 1),
    ]
    assert treatment_lines(segments, 42) == [
        "",
        "Segment    What to do",
        "Champions  Bought often. Reward them, and",
        "           ask them for reviews.",
    ]
    assert treatment_lines(segments[1:], 42) == []


SUMMARY = {
    "customers": 1_234, "as_of": "2026-01-01", "counted": "orders", "decided_by": ["r"],
    "rows": {"read": 9_999, "counted": 9_876, "dropped": {"filtered": 100, "null_amount": 23}},
    "cuts": {"r": [1], "f": [1], "m": ["1.00", "2345.67", "98765.43"]},
    "customers_without_orders": 0, "conditions": [], "options": {}, "segments": SEGMENTS,
}  # fmt: skip


def printed(width, **more) -> list[str]:
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(file=nowhere, width=width, record=True)
        table.print_summary(console, SUMMARY | more)
    return console.export_text().splitlines()


def test_print_summary__wraps_the_lines_above_a_narrow_table():
    assert printed(40)[:8] == [
        "1,234 customers as of 2026-01-01, from",
        "  9,876 of 9,999 rows",
        "dropped: 100 filtered, 23 null_amount",
        "segments by r; f and m play no part",
        "cuts of recency (days)      1",
        "cuts of frequency (orders)  1",
        "cuts of monetary            1.00",
        "  2,345.67  98,765.43",
    ]
    assert printed(80)[0] == "1,234 customers as of 2026-01-01, from 9,876 of 9,999 rows"


def test_print_summary__without_a_date_says_so():
    assert printed(80, as_of=None, customers=0)[0].startswith("0 customers, no date of analysis,")


def test_print_summary__into_a_file_has_no_blank_lines_at_the_ends():
    lines = printed(80)
    assert all(line == line.rstrip() and line for line in lines)
