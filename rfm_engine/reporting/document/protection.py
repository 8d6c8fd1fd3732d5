"""Which counts must be hidden, so that no small one can be computed from the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import NamedTuple

Name = Hashable
# Linear algebra in whole numbers: modulo a prime, which no determinant of 0, 1 and -1 of this size
# is likely to be a multiple of.
_PRIME = (1 << 61) - 1


class Sum(NamedTuple):
    """A count that is the sum of other counts."""

    total: Name
    parts: tuple[Name, ...]

    @property
    def names(self) -> tuple[Name, ...]:
        """The parts and the total."""
        return (*self.parts, self.total)


class Counts(NamedTuple):
    """Counts by name, and what readers know about them.

    Attributes
    ----------
    values
        All counts, 0 or more.
    shown
        The names of those that are published.
    sums
        Which counts are sums of others.
    joint
        Counts that are hidden together with a count, by its name.
    """

    values: Mapping[Name, int]
    shown: Collection[Name]
    sums: Sequence[Sum]
    joint: Mapping[Name, Collection[Name]]


def hidden_counts(counts: Counts, least: int) -> set[Name]:
    """Return the names of the counts that must not be published.

    Counts from 1 to `least - 1` are small. Until nothing is left to hide, two things hold:

    - No small count follows from published counts and `sums` by adding and subtracting.
    - In each sum with a published total, the hidden parts, if one of them is small, together make
      at least `least`, and more than their number.

    Counts of 0 are never hidden for themselves. The choice is the smallest count in the same sum,
    and a total only if no part is left.
    """
    small = {name for name, value in counts.values.items() if 0 < value < least}
    unknown = {name for name in counts.values if name not in counts.shown}
    chosen: Collection[Name] = small
    while chosen:
        _hide(chosen, unknown, counts)
        chosen = _for_totals(counts, small, unknown, least) or _for_equations(
            counts, small, unknown
        )
    return unknown & {*counts.shown}


def _hide(chosen: Collection[Name], unknown: set[Name], counts: Counts) -> None:
    """Add counts to the unknown ones, with those that are hidden together with them."""
    waiting = [*chosen]
    while waiting:
        name = waiting.pop()
        if name not in unknown or name in chosen:
            unknown.add(name)
            waiting += [each for each in counts.joint.get(name, ()) if each not in unknown]


def _for_totals(counts: Counts, small: set[Name], unknown: set[Name], least: int) -> list[Name]:
    """Return a further count of the first sum whose hidden parts are too few together."""
    for each in counts.sums:
        hidden = [name for name in each.parts if name in unknown and counts.values[name]]
        if each.total in unknown or small.isdisjoint(hidden):
            continue
        if sum(counts.values[name] for name in hidden) < max(least, len(hidden) + 1):
            return _next(counts, [each], unknown)
    return []


def _for_equations(counts: Counts, small: set[Name], unknown: set[Name]) -> list[Name]:
    """Return a further count for the first small one that follows from the published ones."""
    for name in sorted(small & _determined(counts.sums, unknown), key=repr):
        linked = _linked(counts.sums, name, unknown)
        # A count that is alone in a sum is where the chain of conclusions begins.
        alone = [each for each in linked if len(unknown.intersection(each.names)) == 1]
        found = _next(counts, alone, unknown) or _next(counts, linked, unknown)
        if found:
            return found
    return []


def _linked(sums: Sequence[Sum], name: Name, unknown: set[Name]) -> list[Sum]:
    """Return the sums that a count is in, and those that are linked to them by unknown counts."""
    reached, near = {name}, {name}
    found: list[Sum] = []
    while near:
        more = [each for each in sums if each not in found and not near.isdisjoint(each.names)]
        found += more
        near = {other for each in more for other in each.names if other in unknown} - reached
        reached |= near
    return found


def _next(counts: Counts, sums: Sequence[Sum], unknown: set[Name]) -> list[Name]:
    """Return a published count of some sums, a part if there is one.

    The smallest, but first those that are not alone in another sum when they are hidden.
    """
    parts = {name for each in sums for name in each.parts}
    for names in (parts, {each.total for each in sums}):
        left = [name for name in names if name not in unknown and counts.values[name]]
        if left:
            return [min(left, key=lambda name: _cost(counts, name, unknown))]
    return []


def _cost(counts: Counts, name: Name, unknown: set[Name]) -> tuple[bool, int, str]:
    others = [each for each in counts.sums if name in each.names]
    is_alone = any(unknown.isdisjoint(each.names) for each in others)
    return is_alone, counts.values[name], repr(name)


def _determined(sums: Sequence[Sum], unknown: set[Name]) -> set[Name]:
    """Return the unknown counts that follow from the others by linear equations.

    They are those with an equation of their own in the reduced row echelon form.
    """
    reduced: dict[Name, dict[Name, int]] = {}  # by pivot
    with_name: dict[Name, set[Name]] = defaultdict(set)  # pivots of the equations with a count
    for each in sums:
        row = {name: 1 for name in each.parts if name in unknown}
        if each.total in unknown:
            row[each.total] = row.get(each.total, 0) - 1
        for name in [name for name in row if name in reduced]:
            _subtract(row, reduced[name], row[name])
        row = {name: factor for name, factor in row.items() if factor}
        if not row:
            continue
        pivot = next(iter(row))
        inverse = pow(row[pivot], -1, _PRIME)
        row = {name: factor * inverse % _PRIME for name, factor in row.items()}
        for other in [*with_name[pivot]]:
            changed = reduced[other]
            _subtract(changed, row, changed[pivot])
            for name in row:
                if changed.get(name):
                    with_name[name].add(other)
                else:
                    changed.pop(name, None)
                    with_name[name].discard(other)
        reduced[pivot] = row
        for name in row:
            with_name[name].add(pivot)
    return {pivot for pivot, row in reduced.items() if len(row) == 1}


def _subtract(row: dict[Name, int], other: Mapping[Name, int], factor: int) -> None:
    for name, each in other.items():
        row[name] = (row.get(name, 0) - factor * each) % _PRIME
