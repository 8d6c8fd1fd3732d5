"""Who responded to a campaign, and what it cost."""

from __future__ import annotations

import os

import pyarrow as pa

from rfm_engine.activation.campaign.assigned import COST
from rfm_engine.activation.campaign.drawing import CAMPAIGN
from rfm_engine.activation.campaign.files import CampaignFile, Columns
from rfm_engine.errors import DataError
from rfm_engine.options.messages import message
from rfm_engine.result.snapshot import Snapshot


def read_responses(given: str | os.PathLike[str], snapshot: Snapshot) -> pa.Table:
    """Read the customers who responded: `customer_id`, with groups `group`, `campaign` and `cost`.

    Raises
    ------
    UsageError
        The file or a column does not exist.
    DataError
        A value is missing or wrong.
    """
    import pyarrow.compute as pc

    file = CampaignFile("responses", given, snapshot)
    file.require(CAMPAIGN)
    has_cost = COST in file.names
    table, _ = file.read(Columns([CAMPAIGN], wholes=[COST] * has_cost))
    file.refuse_nulls(table, [CAMPAIGN])
    if not has_cost:
        return table.append_column("cost", pa.repeat(pa.scalar(0, pa.int64()), len(table)))
    costs = pc.fill_null(table[COST], 0)
    least = pc.min(costs).as_py()
    if least is not None and least < 0:
        raise DataError(
            message("cost_minor of {responses} must be 0 or more; got {}. Correct the file.", least)
        )
    return table.drop_columns([COST]).append_column("cost", costs)
