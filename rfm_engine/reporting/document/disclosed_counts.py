"""The counts of a report document: where they are, and which of them are sums of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, product
from typing import Any

from rfm_engine.reporting.document.protection import Counts, Name, Sum

Row = dict[str, Any]
_ABSENT = None


class Published:
    """The counts of a document by name, and their places.

    A count with the same name may be in several places, for example the size of a segment. Places
    where it has another value, because a history had to forget customers, are another count.
    """

    def __init__(self) -> None:
        self.values: dict[Name, int] = {}
        self._places: dict[Name, list[tuple[Any, Any, Collection[str]]]] = defaultdict(list)
        self._sums: list[Sum] = []

    def show(self, name: Name, holder: Any, key: Any, also: Collection[str] = ()) -> Name:
        """Add a place of a count, and the fields that are hidden with it; return its name."""
        value = holder[key]
        if value is None:
            return (name, "unknown")
        if self.values.setdefault(name, value) != value:
            name = (name, "again", len(self.values))
            self.values[name] = value
        self._places[name].append((holder, key, also))
        return name

    def imply(self, name: Name, total: Name, part: Name) -> None:
        """Add the rest of a total, which is in no place."""
        if total in self.values and part in self.values:
            self.values[name] = self.values[total] - self.values[part]
            self.add(total, [part, name])

    def add(self, total: Name, parts: Iterable[Name]) -> None:
        """Add a sum, if it is one. A total in no place is unknown."""
        known = tuple(parts)
        if not known or any(name not in self.values for name in known):
            return
        value = sum(self.values[name] for name in known)
        if self.values.setdefault(total, value) == value:
            self._sums.append(Sum(total, known))

    def counts(self) -> Counts:
        """Return all counts for the choice of those that are hidden."""
        by_place = {
            (id(holder), key): name
            for name, places in self._places.items()
            for holder, key, _ in places
        }
        joint = {
            name: {
                by_place[id(holder), field]
                for holder, _, also in places
                for field in also
                if (id(holder), field) in by_place
            }
            for name, places in self._places.items()
        }
        return Counts(self.values, {*self._places}, self._sums, joint)

    def hide(self, names: Iterable[Name]) -> None:
        """Replace counts, and the fields that are hidden with them, by null."""
        for name in names:
            for holder, key, also in self._places[name]:
                holder[key] = None
                for field in also:
                    if field in holder:
                        holder[field] = None


def published_counts(document: Row) -> Published:
    """Return the counts of a document."""
    found = Published()
    day = document["as_of"]
    everyone = ("customers", day)
    head, before = document["head"], document.get("before")
    found.show(everyone, head, "customers", ("orders", "monetary"))
    found.show(("without orders",), head, "customers_without_orders")
    if before:
        found.show(("customers", before["as_of"]), before, "customers", ("orders", "monetary"))
    _add_segments(found, document["segments"], day)
    if document.get("grid"):
        _add_grid(found, document["grid"]["cells"], day)
    for axis, each in (document.get("distributions") or {}).items():
        _add_distribution(found, axis, each, everyone)
    if document.get("grid") and document.get("distributions"):
        _add_scores_of_grid(found, document["grid"]["cells"])
    if document.get("movement"):
        _add_movement(found, document["movement"])
    if document.get("retention"):
        _add_retention(found, document["retention"])
    if document.get("cohorts"):
        _add_cohorts(found, document["cohorts"]["cells"], everyone)
    if document.get("history"):
        _add_history(found, document["history"])
    if document.get("clv"):
        _add_clv(found, document["clv"])
    if document.get("groups"):
        _add_groups(found, document["groups"], everyone)
    for number, each in enumerate(document.get("affinity") or ()):
        _add_affinity(found, each, number, everyone)
    for number, each in enumerate(document.get("campaigns") or ()):
        _add_campaign(found, each, number)
    return found


def _add_segments(found: Published, segments: Sequence[Row], day: str) -> None:
    also = ("orders", "monetary", "recency_days_total")
    parts = [found.show(("size", day, row["name"]), row, "customers", also) for row in segments]
    found.add(("customers", day), parts)


def _add_grid(found: Published, cells: Sequence[Row], day: str) -> None:
    of_segments: dict[Any, list[Name]] = defaultdict(list)
    for cell in cells:
        name = ("cell", cell["r"], cell["f"])
        of_segments[cell["segment"]].append(
            found.show(name, cell, "customers", ("orders", "monetary"))
        )
    found.add(("customers", day), [name for names in of_segments.values() for name in names])
    for segment, names in of_segments.items():
        if segment is not None:
            found.add(("size", day, segment), names)


def _add_distribution(found: Published, axis: str, each: Row, everyone: Name) -> None:
    """Add bars and scores; where sums of first bars and first scores agree, they may be the same.

    Scores are in the order of the bars, except those of recency, whose first days are the best.
    """
    bars = [found.show(("bar", axis, n), bar, "customers") for n, bar in enumerate(each["bars"])]
    if each["beyond"]:
        bars.append(found.show(("bar", axis, "beyond"), each["beyond"], "customers"))
    scores = [
        found.show(("score", axis, n + 1), each["scores"], n) for n in range(len(each["scores"]))
    ]
    found.add(everyone, bars)
    found.add(everyone, scores)
    ordered = scores[::-1] if axis == "recency" else scores
    for n_scores in range(1, len(ordered)):
        for n_bars in range(1, len(bars)):
            _add_same(found, (axis, n_scores, n_bars), bars[:n_bars], ordered[:n_scores])


def _add_same(found: Published, key: Name, some: Sequence[Name], others: Sequence[Name]) -> None:
    values = found.values
    if all(name in values for name in (*some, *others)) and (
        sum(values[name] for name in some) == sum(values[name] for name in others)
    ):
        found.add(("same", key), some)
        found.add(("same", key), others)


def _add_scores_of_grid(found: Published, cells: Sequence[Row]) -> None:
    for axis, letter in (("recency", "r"), ("frequency", "f")):
        lines: dict[int, list[Name]] = defaultdict(list)
        for cell in cells:
            lines[cell[letter]].append(("cell", cell["r"], cell["f"]))
        for score, names in lines.items():
            found.add(("score", axis, score), names)


def _add_movement(found: Published, movement: Row) -> None:
    begin, end, sizes = movement["from"], movement["to"], movement["sizes"]
    for day, key in ((begin, "customers_from"), (end, "customers_to")):
        found.show(("customers", day), sizes, key)
    for key in ("entered", "left", "in_same_segment"):
        found.show((key,), sizes, key)
    _add_effects(found, movement["effects"] or (), begin, end)
    rows, columns = defaultdict(list), defaultdict(list)
    same: list[Name] = []
    for cell in movement["matrix"]:
        one, other = cell["from"], cell["to"]
        also = ("monetary_from", "monetary_to")
        name = found.show(("moved", one, other), cell, "customers", also)
        rows[one].append(name)
        columns[other].append(name)
        same += [name] if one == other else []
    found.add(("in_same_segment",), same)
    for lines, day, absent in ((rows, begin, "entered"), (columns, end, "left")):
        for segment, names in lines.items():
            found.add((absent,) if segment is _ABSENT else ("size", day, segment), names)
        present = [segment for segment in lines if segment is not _ABSENT]
        found.add(("customers", day), [("size", day, segment) for segment in present])


def _add_effects(found: Published, effects: Iterable[Row], begin: str, end: str) -> None:
    for row in effects:
        # Absent customers before are those who enter, and absent ones after those who left.
        absent = (("entered",), ("left",))
        names = (("size", begin, row["segment"]), ("size", end, row["segment"]))
        for key, name in zip(
            ("n0", "n1"), absent if row["segment"] is None else names, strict=True
        ):
            found.show(name, row, key)


def _add_retention(found: Published, retention: Row) -> None:
    of_retained = ("orders", "spend", "low", "high")
    for row in retention["segments"]:
        segment = row["segment"]
        size = found.show(
            ("size", retention["from"], segment), row, "size", ("retained", *of_retained)
        )
        retained = found.show(("retained", segment), row, "retained", of_retained)
        found.imply(("not retained", segment), size, retained)


def _add_cohorts(found: Published, cells: Sequence[Row], everyone: Name) -> None:
    sizes = {}
    for cell in cells:
        cohort, k = cell["cohort"], cell["k"]
        of_active = ("orders", "monetary")
        size = found.show(("cohort", cohort), cell, "customers", ("active", *of_active))
        active = found.show(("active", cohort, k), cell, "active", of_active)
        found.imply(("not active", cohort, k), size, active)
        sizes[cohort] = size
    found.add(everyone, sizes.values())


def _add_history(found: Published, history: Row) -> None:
    for n, day in enumerate(history["dates"]):
        found.show(("customers", day), history["customers"], n)
        names = [
            found.show(("size", day, each["name"]), each["customers"], n)
            for each in history["segments"]
        ]
        found.add(("customers", day), names)


def _add_clv(found: Published, clv: Row) -> None:
    """Add the groups of customers whose orders were predicted, in up to three groupings.

    The number of orders is a count too, because at most as many customers made them.
    """
    totals = {
        "customers": found.show(("customers", clv["fit_as_of"]), clv, "customers"),
        "actual": found.show(("predicted customers", "actual"), clv, "actual"),
    }
    of_actual = ("actual_squares", "low", "high")
    numbers: dict[str, Collection[str]] = {
        "customers": ("predicted", "actual", *of_actual), "actual": of_actual
    }  # fmt: skip
    for key, also in numbers.items():
        ranked = []
        for each in clv["calibration"]:
            grouping, groups = each["grouping"], each["groups"]
            names = [found.show((grouping, n, key), row, key, also) for n, row in enumerate(groups)]
            found.add(totals[key], names)
            ranked += [names] if grouping != "repeat_days" else []
        _add_same_firsts(found, key, ranked)


def _add_same_firsts(found: Published, key: str, ranked: Sequence[Sequence[Name]]) -> None:
    """Add that the first groups of two rankings by prediction are the same if their sums are."""
    for some, others in combinations(ranked, 2):
        for n, other in product(range(1, len(some)), range(1, len(others))):
            _add_same(found, (key, n, other), some[:n], others[:other])


def _add_groups(found: Published, groups: Row, everyone: Name) -> None:
    rows = [*groups["list"], *filter(None, [groups["rest"]])]
    also = ("orders", "monetary")
    found.add(
        everyone, [found.show(("group", n), row, "customers", also) for n, row in enumerate(rows)]
    )


def _add_affinity(found: Published, each: Row, number: int, everyone: Name) -> None:
    numbers = ("customers", "in_group", "lift", "low", "high", "clear")
    totals: dict[str, Name] = {key: (number, "affinity", key) for key in ("customers", "in_group")}
    for key, name in totals.items():
        if each[key] is not None:
            found.show(everyone if key == "customers" else name, each, key)
    parts: dict[str, list[Name]] = defaultdict(list)
    for n, row in enumerate(each["rows"]):
        names = [
            found.show((number, "value", n, key), row, key, numbers)
            for key in ("customers", "in_group")
        ]
        found.imply((number, "others", n), *names)
        for key, name in zip(totals, names, strict=True):
            parts[key].append(name)
    found.add(everyone, parts["customers"])
    found.add(totals["in_group"], parts["in_group"])


def _add_campaign(found: Published, each: Row, number: int) -> None:
    lines = [*each["segments"], each["all"]]
    counts = [
        key
        for key in ("targeted", "held_out", "responders", "buyers", "buyers_held_out")
        if all(row[key] is not None for row in lines)
    ]
    numbers = [name for name in each["all"] if name != "segment"]
    names = [
        {key: found.show((number, "campaign", n, key), row, key, numbers) for key in counts}
        for n, row in enumerate(lines)
    ]
    for key in counts:
        found.add(names[-1][key], [row[key] for row in names[:-1]])
    for n, row in enumerate(names):
        for part, whole in (("buyers", "targeted"), ("buyers_held_out", "held_out")):
            if {part, whole} <= {*row}:
                found.imply((number, "others", n, part), row[whole], row[part])
