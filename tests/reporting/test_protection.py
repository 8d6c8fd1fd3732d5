"""Hidden counts of small random tables, checked with all tables that readers cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.reporting.document.protection import Counts, Sum, hidden_counts

TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 6), min_size=width, max_size=width), min_size=1, max_size=3
    )
)


def counts_of(table: list[list[int]]) -> Counts:
    """Return a table with the totals of its rows and columns, and of all."""
    values: dict[Any, int] = {
        (r, c): value for r, row in enumerate(table) for c, value in enumerate(row)
    }
    rows = {("row", r): [(r, c) for c in range(len(row))] for r, row in enumerate(table)}
    columns = {("column", c): [(r, c) for r in range(len(table))] for c in range(len(table[0]))}
    sums = [Sum(total, tuple(parts)) for total, parts in (rows | columns).items()]
    sums += [Sum("all", tuple(rows)), Sum("all", tuple(columns))]
    for each in sums:
        values[each.total] = sum(values[name] for name in each.parts)
    return Counts(values, {*values}, sums, {})


def fitting(counts: Counts, hidden: set[Any]) -> Iterator[dict[Any, int]]:
    """Yield whole numbers for the cells that fit to what is published, at most 1 from the truth.

    That is enough: where a cell can differ, a circle of cells can change by 1 and -1.
    """
    cells = [name for name in counts.values if isinstance(name[0], int)]
    order = [name for name in cells if name in hidden]
    found = {name: counts.values[name] for name in cells if name not in hidden}
    margins = [each for each in counts.sums if each.parts[0] in cells and each.total not in hidden]
    grand = counts.values["all"] if "all" not in hidden else None

    def extended(place: int) -> Iterator[dict[Any, int]]:
        if place == len(order):
            sums = {each.total: sum(found[name] for name in each.parts) for each in margins}
            is_whole = grand is None or sum(found.values()) == grand
            if is_whole and all(counts.values[name] == value for name, value in sums.items()):
                yield dict(found)
            return
        own = counts.values[order[place]]
        for value in range(max(0, own - 1), own + 2):
            found[order[place]] = value
            known = {*found} - {*order[place + 1 :]}
            if all(
                sum(found[name] for name in each.parts if name in known)
                <= counts.values[each.total]
                for each in margins
                if order[place] in each.parts
            ):
                yield from extended(place + 1)
        del found[order[place]]

    return extended(0)


@given(TABLES, st.integers(2, 5))
def test_hidden_counts__of_a_table_cannot_be_computed(table, least):
    counts = counts_of(table)
    hidden = hidden_counts(counts, least)
    small = {name for name, value in counts.values.items() if 0 < value < least}
    assert small <= hidden
    assert all(counts.values[name] for name in hidden)  # zeros stay
    open_cells = {name for name in small if isinstance(name[0], int)}
    seen: dict[Any, set[int]] = {name: set() for name in open_cells}
    for found in fitting(counts, hidden):
        for name in open_cells:
            seen[name].add(found[name])
        if all(len(values) > 1 for values in seen.values()):
            return
    # Nothing is left but zeros.
    shown = [value for name, value in counts.values.items() if name not in hidden]
    assert not open_cells or not any(shown)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(2, 6))
def test_hidden_counts__of_a_list_are_enough_together(values, least):
    own = dict(enumerate(values)) | {"all": sum(values)}
    counts = Counts(own, {*own}, [Sum("all", tuple(range(len(values))))], {})
    hidden = hidden_counts(counts, least)
    parts = [values[name] for name in hidden if name != "all"]
    if "all" not in hidden and parts:
        assert len(parts) > 1
        assert sum(parts) >= max(least, len(parts) + 1)
    if "all" in hidden:
        assert {n for n, value in enumerate(values) if value} <= hidden
    if not any(0 < value < least for value in own.values()):
        assert not hidden


def test_hidden_counts__takes_the_smallest_other_one():
    own = {"a": 3, "b": 50, "c": 20, "d": 0, "all": 73}
    counts = Counts(own, {*own}, [Sum("all", ("a", "b", "c", "d"))], {})
    assert hidden_counts(counts, 5) == {"a", "c"}


def test_hidden_counts__of_both_dates_of_a_table_are_linked():
    counts = counts_of([[1, 20, 30], [40, 50, 60], [70, 80, 90]])
    assert hidden_counts(counts, 5) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    no_total = counts._replace(shown={*counts.shown} - {("row", 0), "all"})
    assert hidden_counts(no_total, 5) >= {(0, 0)}


def test_hidden_counts__with_others_in_the_same_row():
    own = {"size": 40, "retained": 38, "rest": 2, "other": 60, "all": 100}
    sums = [Sum("size", ("retained", "rest")), Sum("all", ("size", "other"))]
    shown = {*own} - {"rest"}
    assert hidden_counts(Counts(own, shown, sums, {}), 5) == {"retained"}
    joint = {"retained": {"size"}}
    assert hidden_counts(Counts(own, shown, sums, joint), 5) == {"retained", "size"}
