"""How a campaign can be measured: the days, the arms, and the check of their sizes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.activation.campaign.assigned import BEGINS, ENDS, Assigned
from rfm_engine.activation.campaign.drawing import CAMPAIGN
from rfm_engine.activation.statistics.sample_ratio import SampleRatio, sample_ratio
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.id_values import plain_ids

HOLDOUT, DIFFERENCES = "holdout", "differences"
"""Whether customers are compared with those held out, or with all who were not contacted."""
CAVEAT = (
    "targets were chosen, not drawn: difference in differences assumes equal trends; treat as a "
    "hint"
)


class Ratio(NamedTuple):
    """The check of the sizes of the arms."""

    treated: int
    held_out: int
    planned_bp: int
    found: SampleRatio


class Campaign(NamedTuple):
    """A campaign.

    Attributes
    ----------
    place
        Its place in the order of names.
    name
        Its name.
    days, ends
        The days of contacts, and the last days on which orders count.
    design
        `holdout` or `differences`.
    ratio
        The check of the sizes of the arms; None if the plan is not known.
    """

    place: int
    name: str
    days: Sequence[date]
    ends: Sequence[date]
    design: str
    ratio: Ratio | None

    @property
    def is_at_once(self) -> bool:
        """Whether all customers were contacted on the same day, for the same time."""
        return len(self.days) == len(self.ends) == 1


def campaigns_of(assigned: Assigned, planned: int | None) -> Iterator[Campaign]:
    """Yield the campaigns in the order of their names.

    Parameters
    ----------
    planned
        The planned share of the holdout in basis points; None: as the file says.
    """
    sizes = _sizes(assigned.table)
    days, ends = (_days(assigned.table, name) for name in (BEGINS, ENDS))
    for place, name in enumerate(assigned.campaigns):
        treated, out = (sizes.get((name, is_treated), 0) for is_treated in (True, False))
        plan = planned if planned is not None else assigned.planned.get(name)
        ratio = None
        if plan is not None:
            ratio = Ratio(treated, out, plan, sample_ratio(treated, out, plan))
        design = HOLDOUT if out else DIFFERENCES
        yield Campaign(place, name, sorted(days[name]), sorted(ends[name]), design, ratio)


def _sizes(table: pa.Table) -> dict[tuple[str, bool], int]:
    """Return the customers of each campaign and arm; one in several groups counts once."""
    names = [CAMPAIGN, "is_treated"]
    keys = table.select(names).append_column(CUSTOMER, plain_ids(table[CUSTOMER]))
    people = keys.group_by([*names, CUSTOMER]).aggregate([])
    counted = people.group_by(names).aggregate([([], "count_all")])
    return {(row[CAMPAIGN], row["is_treated"]): row["count_all"] for row in counted.to_pylist()}


def _days(table: pa.Table, name: str) -> dict[str, set[date]]:
    found = defaultdict(set)
    for row in table.group_by([CAMPAIGN, name]).aggregate([]).to_pylist():
        found[row[CAMPAIGN]].add(row[name])
    return found
