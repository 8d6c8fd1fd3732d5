"""Choose the columns of normalised rows that queries read, and their names in the relations.

Columns of the user may have any name, for example that of a column that is computed. So attributes
get names of their own, and other columns of the user keep their names only if these are free.
DuckDB ignores the case of names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from rfm_engine.orders.row_columns import CUSTOMER, ORDER
from rfm_engine.query.customer_orders import AFTER, DAY, FIRST_DAY, NUMBER
from rfm_engine.query.customers import GROUP
from rfm_engine.query.rows import BucketFolder

PREVIOUS_DAY = "prev_day"
GROUP_OF_ROWS = "group of rows"
"""The name of the column of groups while rows are read."""
_OF_ORDERS = ("moment", "local", DAY, ORDER)
_COMPUTED = {GROUP, NUMBER, AFTER, FIRST_DAY, PREVIOUS_DAY, "attribute", GROUP_OF_ROWS}
_COMPUTED |= {ORDER, "units", "disc_minor", "list_minor", "cost_minor"}


class Wanted(NamedTuple):
    """The columns that queries read, and the columns that order rows without an order id.

    Attributes
    ----------
    lines, orders
        Names of columns; None means all columns, and no columns that the relation is not read.
    attributes
        Columns of the input that queries read as `attribute`. They decide the order of rows as in
        `customer_orders`.
    all_lines
        Whether the relation `lines` also has the rows of customers without an order.
    """

    lines: Collection[str] | None
    orders: Collection[str] | None
    attributes: Sequence[str]
    all_lines: bool = False

    def place_of(self, attribute: str) -> str:
        """Return the name of an attribute in the relation `lines`."""
        return f"attribute {self.attributes.index(attribute)}"

    @property
    def places(self) -> list[str]:
        """The names of all attributes in the relation `lines`."""
        return [self.place_of(name) for name in self.attributes]


class RowPlan(NamedTuple):
    """The columns to read, and the columns to take over per relation.

    Attributes
    ----------
    sources
        The name of each column once it is read, and its name in the files.
    texts
        Names in the files of columns that are text.
    lines, orders
        Columns of the relations; None means that a relation is not written.
    """

    sources: list[tuple[str, str]]
    texts: list[str]
    lines: list[str] | None
    orders: list[str] | None

    @classmethod
    def of(
        cls, folder: BucketFolder, by: str | None, wanted: Wanted, *, needs_days: bool
    ) -> RowPlan:
        """Return the plan for some relations."""
        ids = [CUSTOMER, *([] if by is None else [GROUP_OF_ROWS])]
        own = [name for name in folder.own if name != CUSTOMER]
        lines = orders = None
        others: list[str] = []
        if wanted.lines is None or wanted.lines:
            others = _free(folder, wanted)
            asked = own if wanted.lines is None else [n for n in own if n in wanted.lines]
            lines = [*ids, *asked, *wanted.places, *others]
        if wanted.orders is None or wanted.orders:
            asked = [n for n in own if n in _OF_ORDERS and n in (wanted.orders or own)]
            if DAY not in asked and {PREVIOUS_DAY, FIRST_DAY} & {*(wanted.orders or ())}:
                asked.append(DAY)
            orders = [*ids, *asked]
        needs_days |= FIRST_DAY in (wanted.lines or ())
        needed = {ORDER, "moment", "minor", *(lines or ()), *(orders or ())}
        needed |= {DAY} if needs_days else set()
        sources = [(name, name) for name in folder.own if name in needed or name == CUSTOMER]
        sources += [] if by is None else [(GROUP_OF_ROWS, by)]
        sources += zip(wanted.places, wanted.attributes, strict=True)
        sources += [(name, name) for name in others]
        read = {source for _, source in sources} - {CUSTOMER, ORDER, by}
        return cls(sources, [name for name in folder.texts if name in read], lines, orders)


def _free(folder: BucketFolder, wanted: Wanted) -> list[str]:
    """Return the wanted columns of the user whose names are not taken."""
    taken = {name.lower() for name in (*folder.own, *_COMPUTED, *wanted.places)}
    found = []
    for name in folder.columns:
        is_wanted = wanted.lines is None or name in wanted.lines
        if is_wanted and name.lower() not in taken:
            found.append(name)
            taken.add(name.lower())
    return found
