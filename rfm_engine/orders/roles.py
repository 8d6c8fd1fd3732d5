"""The roles of columns: what they are called in messages, and which column is probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

NOUNS = {
    "customer": "customer", "time": "time", "amount": "amount", "order": "order",
    "quantity": "quantity", "currency": "currency", "by": "group", "n_orders": "orders",
    "where": "condition", "distinct": "distinct", "carry": "carried",
    "units": "units", "discount": "discount", "list": "list price", "cost": "cost",
    "product": "product", "category": "category", "attributes": "attribute",
    "attribute": "attribute",
}  # fmt: skip
"""What the column of each option is called in messages."""

# How similar two names are that differ only by a slip: of columns with usual names, of others.
_ALIKE, _ALIKE_OF_OTHERS = 0.9, 0.8
# Names of a lower weight, such as `name` for the order, are too common to be suggested.
_LEAST_WEIGHT = 55


def likely_column(role: str, asked: str, held: Iterable[str], taken: Collection[str]) -> str | None:
    """Return the column that is probably meant by the name of a missing column.

    A column qualifies if its name is a usual one for the role, or is the missing name in another
    notation. If the missing name is not a usual one, it was made up for this file, and a name that
    differs from it only by a slip qualifies too.

    Parameters
    ----------
    role
        The option that names the missing column; empty if no option names it.
    asked
        The name of the missing column.
    held
        The names of the existing columns.
    taken
        Existing columns that have another role, which are never returned.
    """
    from rfm_engine.orders.column_names import NAMES, usual_weight

    wanted, is_usual = usual_form(asked), usual_weight(asked, role) > 0
    least = _ALIKE if role in NAMES else _ALIKE_OF_OTHERS
    best, found = 0.0, None
    for name in held:
        form = usual_form(name)
        if name in taken or not form:
            continue
        alike = float(form == wanted)
        if not is_usual:
            alike = difflib.SequenceMatcher(None, form, wanted).ratio()
        rank = 2 + alike if alike >= least else 0.0
        weight = usual_weight(name, role)
        if weight >= _LEAST_WEIGHT and not rank:
            rank = 1 + weight / 200
        if rank > best:
            best, found = rank, name
    return found


def usual_form(name: str) -> str:
    """Return the small letters and digits of a name, so that `Customer ID` is `customerid`."""
    return "".join(each for each in name.casefold() if each.isalnum())
