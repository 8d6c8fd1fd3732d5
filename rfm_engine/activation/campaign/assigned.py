"""Who was assigned to which campaign and arm, from when, and until when orders count."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.activation.campaign.drawing import ARM, ASSIGNED_ON, CAMPAIGN
from rfm_engine.activation.campaign.files import GROUP, CampaignFile, Columns
from rfm_engine.activation.flows.entries import ENTERED_ON, FLOW
from rfm_engine.activation.split import ARMS, TREATED
from rfm_engine.errors import DataError, UsageError, shown, shown_value
from rfm_engine.kernels.arrays import first_true, whole
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.id_values import plain_ids
from rfm_engine.result.snapshot import Snapshot

CONTACTED_ON, ENDS_ON, COST = "contacted_on", "ends_on", "cost_minor"
BEGINS, ENDS = "begins", "ends"
_MOST_DAYS = 36_500
_LAST_DAY = date.max.toordinal() - date(1970, 1, 1).toordinal()


class Assigned(NamedTuple):
    """The customers of campaigns.

    Attributes
    ----------
    table
        One row per customer and campaign: `customer_id`, with groups `group`, `campaign` (string),
        `is_treated`, `begins`, `ends` (date32, both included) and `cost` (int64, minor units).
    campaigns
        The names of the campaigns, sorted.
    planned
        The planned share of the holdout by campaign, in basis points, as far as it is known.
    is_drawn
        Whether the contact is the date of the snapshot that the arms were drawn from.
    n_without
        Rows without an id, which are left out.
    """

    table: pa.Table
    campaigns: Sequence[str]
    planned: Mapping[str, int]
    is_drawn: bool
    n_without: int

    @property
    def first(self) -> date:
        """The first day on which an order counts."""
        import pyarrow.compute as pc

        found: date = pc.min(self.table[BEGINS]).as_py()
        return found

    @property
    def last(self) -> date:
        """The last day on which an order counts."""
        import pyarrow.compute as pc

        found: date = pc.max(self.table[ENDS]).as_py()
        return found


def read_assigned(
    given: str | os.PathLike[str], snapshot: Snapshot, days: int | None
) -> Assigned:  # fmt: skip
    """Read who was assigned to which campaign.

    Parameters
    ----------
    days
        The number of days after the contact on which orders count, where the file has no end; None
        is the window of each flow, if `rfm flows run` wrote the file.

    Raises
    ------
    UsageError
        The file or a column does not exist, or a row has no end.
    DataError
        A value is missing or wrong, or a customer is in a campaign twice.
    """
    _check_days(days)
    file = CampaignFile("assigned", given, snapshot)
    campaign = FLOW if CAMPAIGN not in file.names and FLOW in file.names else CAMPAIGN
    file.require(campaign)
    drawn = None if CONTACTED_ON in file.names else _first(file.names, [ASSIGNED_ON, ENTERED_ON])
    contacted = CONTACTED_ON if drawn is None else drawn
    file.require(contacted)
    has_arm, has_end, has_cost = (name in file.names for name in (ARM, ENDS_ON, COST))
    columns = Columns(
        [campaign, *[ARM] * has_arm], [contacted, *[ENDS_ON] * has_end], [COST] * has_cost
    )
    table, n_without = file.read(columns)
    if not len(table):
        raise UsageError(message("{assigned} must have a customer; got none. Correct the file."))
    file.refuse_nulls(table, [campaign, contacted, *[ARM] * has_arm])
    table = table.rename_columns({campaign: CAMPAIGN})
    kept = [name for name in (CUSTOMER, GROUP, CAMPAIGN) if name in table.column_names]
    found = table.select(kept)
    lengths = _lengths(table, days, file.windows())
    found = found.append_column("is_treated", _treated(table, has_arm=has_arm))
    found = found.append_column(BEGINS, table[contacted])
    found = found.append_column(ENDS, _ends(table, contacted, lengths, has_end=has_end))
    found = found.append_column("cost", _costs(table, has_cost=has_cost))
    _refuse_reversed(found)
    _refuse_twice(found, kept)
    campaigns = sorted(table[CAMPAIGN].unique().to_pylist())
    return Assigned(found, campaigns, file.planned(), drawn is not None, n_without)


def _first(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _check_days(days: object) -> None:
    if days is None or (type(days) is int and 0 <= days <= _MOST_DAYS):
        return
    raise UsageError(
        message(
            "{attribution_days} must be a number of days from 0 to 36500; got {}. Correct it.",
            shown(days),
        )
    )


def _treated(table: pa.Table, *, has_arm: bool) -> pa.ChunkedArray | pa.Array:
    import pyarrow.compute as pc

    if not has_arm:
        return pa.repeat(pa.scalar(value=True), len(table))
    arms = table[ARM]
    others = sorted({*arms.unique().to_pylist()} - {*ARMS})
    if others:
        raise DataError(
            message(
                "arms of {assigned} must be treated or holdout; got {}. Rename them in the file.",
                shown_value(others[0]),
            )
        )
    return pc.equal(arms, TREATED)


def _lengths(table: pa.Table, days: int | None, windows: Mapping[str, int]) -> pa.Array:
    """Return for how many days orders count: the given number, or the window of the flow."""
    if days is not None:
        return pa.repeat(pa.scalar(days, pa.int32()), len(table))
    known = pa.array(windows.values(), pa.int32())
    names = pa.array(windows.keys(), pa.string())
    return known.take(whole(pa.compute.index_in(table[CAMPAIGN], value_set=names)))


def _ends(
    table: pa.Table, contacted: str, lengths: pa.Array, *, has_end: bool
) -> pa.ChunkedArray:  # fmt: skip
    """Return the last day of each contact: its own, or some days after the contact."""
    import pyarrow.compute as pc

    ends = table[ENDS_ON] if has_end else pa.nulls(len(table), pa.date32())
    later = pc.add(table[contacted].cast(pa.int32()), lengths)
    latest = pa.scalar(_LAST_DAY, pa.int32())
    later = pc.min_element_wise(later, latest, skip_nulls=False).cast(pa.date32())
    ends = pc.coalesce(ends, later)
    if ends.null_count:
        raise UsageError(
            message(
                "{attribution_days} must be given for {:,} customers of {assigned} without "
                "ends_on; got none. Say how long orders count.",
                ends.null_count,
            )
        )
    return ends


def _costs(table: pa.Table, *, has_cost: bool) -> pa.ChunkedArray | pa.Array:
    """Return the cost of each contact; a missing one is 0."""
    import pyarrow.compute as pc

    if not has_cost:
        return pa.repeat(pa.scalar(0, pa.int64()), len(table))
    costs = pc.fill_null(table[COST], 0)
    least = pc.min(costs).as_py()
    if least < 0:
        raise DataError(
            message("cost_minor of {assigned} must be 0 or more; got {}. Correct the file.", least)
        )
    return costs


def _refuse_reversed(table: pa.Table) -> None:
    import pyarrow.compute as pc

    row = first_true(pc.less(table[ENDS], table[BEGINS]).to_numpy())
    if row >= 0:
        raise DataError(
            message(
                "ends_on of {assigned} must be on or after the contact; got {} after {}. Correct "
                "the file.",
                table[ENDS][row], table[BEGINS][row],
            )
        )  # fmt: skip


def _refuse_twice(table: pa.Table, names: Sequence[str]) -> None:
    """Refuse a customer who is in a campaign twice: the arms could contradict each other."""
    keys = pa.table({name: plain_ids(table[name]) for name in names})
    n = keys.group_by(list(names)).aggregate([]).num_rows
    if n < len(table):
        raise DataError(
            message(
                "{assigned} must have one row per customer and campaign; got {:,} rows of {:,}. "
                "Remove repeated rows, or give each contact a campaign of its own.",
                len(table), n,
            )
        )  # fmt: skip
