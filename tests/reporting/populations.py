"""Report documents of random customers, and the equations that readers know."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

SEGMENTS = ("best", "good", "lost")
MONTHS = tuple(f"2026-0{month}-01" for month in (1, 2, 3))
BEGIN, END = "2026-02-28", "2026-03-31"
Document = dict[str, Any]
Customer = tuple[str | None, str | None, int, int, str, bool]


def customers_of(seed: int, n: int) -> list[Customer]:
    """Return segment before and after, r, f, month of the first order, and whether retained."""
    dice = random.Random(seed)
    odds = [8, 4, 1]
    found: list[Customer] = []
    for _ in range(n):
        before, after = (dice.choices(SEGMENTS, odds)[0] for _ in range(2))
        is_absent = dice.random() < 0.1
        month = dice.choices(MONTHS, [6, 3, 1])[0]
        r, f = (dice.choices([1, 2, 3], [5, 3, 1])[0] for _ in range(2))
        found.append((None if is_absent else before, after, r, f, month, dice.random() < 0.8))
    return found


def _row(customers: int) -> Document:
    return {"customers": customers, "orders": 2 * customers, "monetary": f"{customers}.00"}


def document_of(people: list[Customer]) -> Document:
    """Return the document of some customers; segments are all of them, cells only some."""
    n = len(people)
    known = [each for each in people if each[0] is not None]
    before, after = (Counter(each[place] for each in people) for place in (0, 1))
    moves = Counter(each[:2] for each in people)
    cells = Counter(each[2:4] for each in people)
    scores = [[Counter(each[place] for each in people)[s] for s in (1, 2, 3)] for place in (2, 3)]
    retained = Counter(each[0] for each in known if each[5])
    cohorts = Counter(each[4] for each in people)
    active = Counter(each[4] for each in people if each[5])
    return {
        "as_of": END,
        "head": {**_row(n), "customers_without_orders": 1},
        "before": {"as_of": BEGIN, **_row(len(known))},
        "segments": [{"name": s, **_row(after[s]), "recency_days_total": 9} for s in SEGMENTS],
        "grid": {"r": 3, "f": 3, "cells": [
            {"r": r, "f": f, "segment": None, **_row(cells[r, f])}
            for r in (1, 2, 3) for f in (1, 2, 3)
        ]},
        "distributions": {
            axis: {
                "cuts": [1, 2], "scores": own, "beyond": None,
                "bars": [{"from": None, "to": None, "customers": bar} for bar in bars],
            }
            for axis, own, bars in (
                ("recency", scores[0], scores[0][::-1]), ("frequency", scores[1], scores[1]),
            )
        },
        "movement": {
            "from": BEGIN, "to": END,
            "sizes": {
                "customers_from": len(known), "customers_to": n, "entered": before[None],
                "left": 0, "in_same_segment": sum(moves[s, s] for s in SEGMENTS),
            },
            "matrix": [
                {"from": one, "to": other, "customers": k, "monetary_from": "1", "monetary_to": "2"}
                for (one, other), k in moves.items()
            ],
            "effects": [{"segment": s, "n0": before[s], "n1": after[s]} for s in SEGMENTS],
        },
        "retention": {"from": BEGIN, "to": END, "segments": [
            {
                "segment": s, "size": before[s], "retained": retained[s], "orders": 1,
                "spend": "1.00", "low": 0.1, "high": 0.2,
            }
            for s in SEGMENTS
        ]},
        "cohorts": {"period": "month", "left_out": 0, "cells": [
            {"cohort": cohort, "k": k, **_row(size), "active": active[cohort] if k else size}
            for cohort, size in sorted(cohorts.items()) for k in (0, 1)
        ]},
        "history": {"dates": [BEGIN, END], "customers": [len(known), n], "left_out": 0,
            "segments": [{"name": s, "customers": [before[s], after[s]]} for s in SEGMENTS],
        },
        "affinity": [], "campaigns": [], "tables": [], "concentration": None, "groups": None,
    }  # fmt: skip


Fact = tuple[int | None, Callable[[Customer], bool]]
"""A count of a document, None if it is hidden, and which customers it counts."""


def facts_of(document: Document) -> Iterator[Fact]:
    """Yield the counts of a document that are about customers at one or both dates."""
    movement, history = document["movement"], document["history"]
    yield document["head"]["customers"], lambda _: True
    yield document["before"]["customers"], lambda c: c[0] is not None
    for row in document["segments"]:
        yield row["customers"], partial(_has, 1, row["name"])
    for cell in document["grid"]["cells"]:
        yield cell["customers"], lambda c, at=(cell["r"], cell["f"]): c[2:4] == at
    for axis, place in (("recency", 2), ("frequency", 3)):
        own = document["distributions"][axis]
        bars = [bar["customers"] for bar in own["bars"]]
        for counts in (own["scores"], bars[::-1] if axis == "recency" else bars):
            for score, value in enumerate(counts, 1):
                yield value, partial(_has, place, score)
    sizes = movement["sizes"]
    yield sizes["customers_from"], lambda c: c[0] is not None
    yield sizes["customers_to"], lambda _: True
    yield sizes["entered"], lambda c: c[0] is None
    yield sizes["in_same_segment"], lambda c: c[0] == c[1]
    cells = {(row["from"], row["to"]): row["customers"] for row in movement["matrix"]}
    for pair in product((None, *SEGMENTS), SEGMENTS):
        yield cells.get(pair, 0), lambda c, pair=pair: c[:2] == pair
    for row in movement["effects"] or ():
        yield row["n0"], partial(_has, 0, row["segment"])
        yield row["n1"], partial(_has, 1, row["segment"])
    for row in document["retention"]["segments"]:
        yield row["size"], partial(_has, 0, row["segment"])
        yield row["retained"], lambda c, s=row["segment"]: c[0] == s and c[5]
    for cell in document["cohorts"]["cells"]:
        yield cell["customers"], partial(_has, 4, cell["cohort"])
        if cell["k"]:
            yield cell["active"], lambda c, month=cell["cohort"]: c[4] == month and c[5]
    for row in history["segments"]:
        for place, value in enumerate(row["customers"]):
            yield value, partial(_has, place, row["name"])


def small_groups(people: list[Customer], document: Document, least: int) -> list[Fact]:
    """Return the groups of customers that must not be known, also those that no count shows."""
    own = [counts for _, counts in facts_of(document)]
    own += [lambda c, s=s: c[0] == s and not c[5] for s in SEGMENTS]
    own += [
        lambda c, month=month: c[4] == month and not c[5] for month in {each[4] for each in people}
    ]
    found = [(sum(map(counts, people)), counts) for counts in own]
    return [(n, counts) for n, counts in found if 0 < n < least]


def known_groups(shown: Document, groups: list[Fact]) -> list[Fact]:
    """Return those groups whose number follows from the counts of a document.

    Readers know how many customers of each possible kind there are in total for each shown count.
    The number of a group follows if it is a combination of these sums.
    """
    facts = [*facts_of(shown)]
    kinds = [*product((None, *SEGMENTS), SEGMENTS, (1, 2, 3), (1, 2, 3), MONTHS, (True, False))]
    none = [counts for value, counts in facts if value == 0]
    kinds = [kind for kind in kinds if not any(counts(kind) for counts in none)]
    rows = [[counts(kind) for kind in kinds] for value, counts in facts if value]
    if not rows:
        return []
    _, sizes, axes = np.linalg.svd(np.array(rows, float), full_matrices=False)
    basis = axes[sizes > 1e-8 * sizes.max()]
    found = []
    for group in groups:
        one = np.array([group[1](kind) for kind in kinds], float)
        if np.linalg.norm(one - basis.T @ (basis @ one)) < 1e-6:
            found.append(group)
    return found


def _has(place: int, value: object, customer: Customer) -> bool:
    return customer[place] == value
