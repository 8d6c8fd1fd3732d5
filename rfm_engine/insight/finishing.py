"""Add what SQL does not compute: tests, intervals, exact means, and the choice of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from rfm_engine.insight.statistics import (
    Cells,
    Stratum,
    half_even,
    lift_interval,
    mantel_haenszel,
    p_value,
    q_values,
)
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.query.customers import GROUP
from rfm_engine.query.relations import free_name
from rfm_engine.result.table_origin import origin_of, with_origin

_FEWEST_UPGRADED = 5


class Finished(NamedTuple):
    """A table, numbers about it that are not in its rows, by name, and warnings.

    `copied` are the names of columns that have values of the snapshot instead of numbers that the
    table computes.
    """

    table: pa.Table
    about: dict[str, Any]
    warnings: tuple[DataWarning, ...] = ()
    copied: tuple[str, ...] = ()

    @property
    def origin(self) -> dict[str, Any]:
        """The name of the table, its options and so on, from the metadata of the table."""
        return origin_of(self.table)

    def described(self, origin: dict[str, Any]) -> Finished:
        """Return it with its origin, numbers and warnings in the metadata of the table."""
        warnings = [each._asdict() for each in self.warnings]
        whole = {**origin, "about": self.about, "warnings": warnings}
        return self._replace(table=with_origin(self.table, whole))

    def with_overall(self, overall: Finished, by: str) -> Finished:
        """Append the rows of all groups together, with a null group.

        Parameters
        ----------
        overall
            The same table without groups.
        by
            The column of groups; if the table does not have it, nothing is appended.
        """
        by = free_name(by, "by", overall.table.column_names)
        if by not in self.table.column_names:
            return self
        nulls = pa.nulls(len(overall.table), self.table.schema.field(by).type)
        rows = overall.table.add_column(0, by, nulls)
        about = self.about | ({"overall": overall.about} if overall.about else {})
        warnings = tuple(dict.fromkeys((*self.warnings, *overall.warnings)))
        return self._replace(
            table=pa.concat_tables([self.table, rows]), about=about, warnings=warnings
        )


Options = dict[str, Any]
_FLOATS = pa.float64()


def unchanged(table: pa.Table, _options: Options) -> Finished:
    """Return a table as SQL computed it."""
    return Finished(table, {})


def affinity(table: pa.Table, options: Options) -> Finished:
    """Add intervals, p and q to first or last orders.

    They are not computed if any purchase counts, because the best customers buy more of everything:
    nearly all values would look significant.
    """
    if options["mode"] == "spend":
        return _affinity_spend(table, options)
    is_tested = options["mode"] in ("first", "last")
    kept, hidden = _frequent(table, "customers", options["min_customers"])
    kept = kept.drop_columns(["n", "g"]) if not is_tested else _tested(kept, "in_group")
    if not is_tested:
        nulls = pa.nulls(len(kept), _FLOATS)
        for name in ("lift_low", "lift_high", "p", "q"):
            kept = kept.append_column(name, nulls)
    return Finished(_best(kept, options), hidden)


def _affinity_spend(table: pa.Table, options: Options) -> Finished:
    """Compute the lift from the four amounts, and leave out rare values."""
    parts = ("group_minor", "all_minor", "minor", "all_group_minor")
    columns = [table[name].to_pylist() for name in parts]
    lifts = [
        None if not minor * of_group else group_minor * of_all / (minor * of_group)
        for group_minor, of_all, minor, of_group in zip(*columns, strict=True)
    ]
    table = table.drop_columns(["all_minor", "all_group_minor"])
    table = table.append_column("lift", pa.array(lifts, _FLOATS))
    kept, hidden = _frequent(table, "customers", options["min_customers"])
    return Finished(_best(kept, options), hidden)


def first_product(table: pa.Table, options: Options) -> Finished:
    """Add mean amounts, the lift and its test; the row of all customers is always shown."""
    means = [
        half_even(later, n)
        for later, n in zip(
            table["later_minor"].to_pylist(), table["customers"].to_pylist(), strict=True
        )
    ]
    place = table.column_names.index("whales")
    table = table.add_column(place, "later_per_customer", pa.array(means, pa.int64()))
    kept, hidden = _frequent(table, "customers", options["min_customers"], always="total")
    return Finished(_top(_tested(kept, "whales", with_lift=True), options), hidden)


def bridge(table: pa.Table, options: Options) -> Finished:
    """Combine the strata of each value, and keep values with enough customers."""
    kind = table.schema.field("value").type
    if getattr(kind, "unit", None) == "ns":  # finer than times of Python
        place = table.column_names.index("value")
        whole = bridge(table.set_column(place, "value", table["value"].cast(pa.int64())), options)
        place = whole.table.column_names.index("value")
        values = whole.table["value"].cast(kind)
        return whole._replace(table=whole.table.set_column(place, "value", values))
    strata: dict[tuple[int, Any], list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():  # in the order of the strata
        strata[row[GROUP], row["value"]].append(row)
    least = options["min_customers"]
    rows, hidden = [], {"hidden_values": 0, "hidden_customers": 0}
    for (group, value), own in strata.items():
        found = _bridge_row(own, least)
        if found is None:
            hidden["hidden_values"] += 1
            hidden["hidden_customers"] += sum(row["exposed"] for row in own)
        else:
            rows.append({GROUP: group, "value": value, **found})
    by_group: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_group[row[GROUP]].append(row)
    for members in by_group.values():
        for row, q in zip(members, q_values([row["p"] for row in members]), strict=True):
            row["q"] = q
    schema = pa.schema([
        table.schema.field(GROUP), table.schema.field("value"),
        *((name, pa.int64()) for name in ("exposed", "upgraded", "controls", "controls_upgraded")),
        *((name, _FLOATS) for name in ("rate", "rr", "rr_low", "rr_high", "p", "q")),
        *((name, pa.int64()) for name in ("eligible", "up", "least0", "least2")),
    ])  # fmt: skip
    found = pa.Table.from_pylist(rows, schema)
    order = [(GROUP, "ascending"), ("rr", "descending"), ("exposed", "descending")]
    return Finished(_top(found.sort_by([*order, ("value", "ascending")]), options), hidden)


def link(table: pa.Table, options: Options) -> Finished:
    """Add the mean net amount per customer."""
    pairs = zip(table["net"].to_pylist(), table["converted"].to_pylist(), strict=True)
    means = pa.array([half_even(net, n) for net, n in pairs], pa.int64())
    return Finished(_top(table.append_column("ltv", means), options), {})


def stats(table: pa.Table, options: Options) -> Finished:
    """Turn the split into columns, and add the mean net amount.

    A column whose name the table has already is named `split_NAME`.
    """
    split = table["split"].combine_chunks()
    columns = {GROUP: table[GROUP], "total": table["total"]}
    measures = [name for name in table.column_names if name not in (*columns, "split", "whales")]
    taken = [*columns, *measures, "mean_minor", "whales"]
    copied: list[str] = []
    for place, name in enumerate(options["split"]):
        copied.append(free_name(name, "split", [*taken, *copied]))
        columns[copied[-1]] = split.field(place)
    columns |= {name: table[name] for name in measures}
    pairs = zip(table["minor"].to_pylist(), table["customers"].to_pylist(), strict=True)
    columns["mean_minor"] = pa.array([half_even(minor, n) for minor, n in pairs], pa.int64())
    columns["whales"] = table["whales"]
    return Finished(pa.table(columns), {}, copied=tuple(copied))


def ranked(table: pa.Table, options: Options) -> Finished:
    """Keep the first rows of each group, if a number is given."""
    return Finished(_top(table, options), {})


def _bridge_row(own: Sequence[dict[str, Any]], least: int) -> dict[str, Any] | None:
    """Return the columns of a value from its strata; None if too few customers are compared."""
    names = ("exposed", "upgraded", "controls", "controls_upgraded")
    strata = [Stratum(*(row[name] for name in names)) for row in own]
    compared = [each for each in strata if each.exposed]
    n, up = sum(each.exposed for each in strata), sum(each.upgraded for each in strata)
    controls = sum(each.controls for each in compared)
    controls_up = sum(each.controls_upgraded for each in compared)
    found = mantel_haenszel(strata)
    is_few = min(n, controls) < least or min(up, controls_up) < _FEWEST_UPGRADED
    if is_few or found is None:
        return None
    first = own[0]
    return {
        "exposed": n, "upgraded": up, "controls": controls, "controls_upgraded": controls_up,
        "rate": up / n, "rr": found.ratio, "rr_low": found.low, "rr_high": found.high,
        "p": found.p, **{name: first[name] for name in ("eligible", "up", "least0", "least2")},
    }  # fmt: skip


def _frequent(
    table: pa.Table, column: str, least: int, *, always: str | None = None
) -> tuple[pa.Table, dict[str, int]]:
    """Return the rows of values that enough customers have, and how many are hidden."""
    import pyarrow.compute as pc

    is_kept = pc.greater_equal(table[column], least)
    if always is not None:
        is_kept = pc.or_(is_kept, table[always])
    hidden = table.filter(pc.invert(is_kept))
    n = pc.sum(hidden[column]).as_py() or 0
    return table.filter(is_kept), {"hidden_values": len(hidden), "hidden_customers": n}


def _tested(table: pa.Table, chosen: str, *, with_lift: bool = False) -> pa.Table:
    """Replace `n` and `g` by the interval, p and q of each row; q is within a group."""
    rows = table.select([GROUP, "n", "g", "customers", chosen]).to_pylist()
    totals = table["total"].to_pylist() if "total" in table.column_names else [False] * len(rows)
    cells = [Cells(row["n"], row["g"], row["customers"], row[chosen]) for row in rows]
    tested = [each.is_testable and not total for each, total in zip(cells, totals, strict=True)]
    ps = [p_value(each) if is_in else None for each, is_in in zip(cells, tested, strict=True)]
    qs: list[float | None] = [None] * len(rows)
    members: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        members[row[GROUP]].append(place)
    for places in members.values():
        for place, q in zip(places, q_values([ps[p] for p in places]), strict=True):
            qs[place] = q
    ends = [
        lift_interval(each) if is_in else None for each, is_in in zip(cells, tested, strict=True)
    ]
    table = table.drop_columns(["n", "g"])
    if with_lift:
        lifts = [each.x * each.n / (each.g * each.a) if each.g * each.a else None for each in cells]
        table = table.append_column("lift", pa.array(lifts, _FLOATS))
    columns = {
        "lift_low": [None if each is None else each[0] for each in ends],
        "lift_high": [None if each is None else each[1] for each in ends],
        "p": ps,
        "q": qs,
    }
    for name, column in columns.items():
        table = table.append_column(name, pa.array(column, _FLOATS))
    return table


def _best(table: pa.Table, options: Options) -> pa.Table:
    """Sort tested values before others; values are already sorted by lift, customers and value."""
    import pyarrow.compute as pc

    if "p" not in table.column_names:
        return _top(table, options)
    place = pa.array(range(len(table)), pa.int64())
    keys = table.select([GROUP]).append_column("untested", pc.is_null(table["p"]))
    keys = keys.append_column("place", place)
    order = [(name, "ascending") for name in (GROUP, "untested", "place")]
    return _top(table.take(pc.sort_indices(keys, order)), options)


def _top(table: pa.Table, options: Options) -> pa.Table:
    """Return the first rows of each group; rows of all customers are not counted."""
    n = options["top"]
    if n is None:
        return table
    totals = table["total"].to_pylist() if "total" in table.column_names else [False] * len(table)
    counts: dict[Any, int] = defaultdict(int)
    kept = []
    for place, (group, is_total) in enumerate(zip(table[GROUP].to_pylist(), totals, strict=True)):
        counts[group] += not is_total
        if is_total or counts[group] <= n:
            kept.append(place)
    return table.take(pa.array(kept, pa.int64()))
