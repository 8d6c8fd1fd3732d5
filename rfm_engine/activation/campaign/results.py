"""The report of campaigns: what each arm bought per segment, and what the campaign brought."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from rfm_engine.activation.campaign.assigned import BEGINS, Assigned, read_assigned
from rfm_engine.activation.campaign.designs import DIFFERENCES, campaigns_of
from rfm_engine.activation.campaign.drawing import CAMPAIGN, Place
from rfm_engine.activation.campaign.files import GROUP as GROUP_IN_FILE
from rfm_engine.activation.campaign.margin import Margin
from rfm_engine.activation.campaign.notices import notices_of
from rfm_engine.activation.campaign.outcomes import Outcome, outcomes_of
from rfm_engine.activation.campaign.populations import Populations, populations_of
from rfm_engine.activation.campaign.responses import read_responses
from rfm_engine.activation.campaign.shares import basis_points
from rfm_engine.activation.campaign.sums import Asked, added_up, span_of
from rfm_engine.activation.people import source_of
from rfm_engine.options.groups import CampaignOptions
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.session import Machine
from rfm_engine.result.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Results:
    """What a report is made of."""

    outcomes: Sequence[Outcome]
    populations: Populations
    margin: Margin
    has_responses: bool
    attribution: str
    warnings: Sequence[DataWarning]


def results_of(
    place: Place, assigned: str | os.PathLike[str], rows: object, options: Mapping[str, Any]
) -> Results:
    """Return the results of campaigns; see `rfm_engine.campaign.report`."""
    require_duckdb("rfm campaign report")
    settled = resolve(CampaignOptions, options)
    machine = Machine.of(settled)
    planned = None if settled["holdout"] is None else basis_points(settled["holdout"])
    margin = Margin.of(settled["margin"])
    source = source_of(place)
    people = read_assigned(assigned, source.snapshot, settled["attribution_days"])
    responses = _responses(settled["responses"], people, source.snapshot)
    populations = populations_of(source, people, people.table[BEGINS].unique().to_pylist())
    campaigns = [*campaigns_of(people, planned)]
    spans = [
        span_of(each.place, each.days[0], each.ends[0], populations)
        for each in campaigns
        if each.design == DIFFERENCES and each.is_at_once
    ]
    asked = Asked(people, responses, populations, spans, margin, settled["attribution"])
    added = added_up(asked, rows, machine)
    warnings = [*notices_of(asked, campaigns, added)]
    compared = {span.campaign for span in spans if added.first_row <= span.before}
    outcomes = [*outcomes_of(campaigns, asked, added, compared)]
    return Results(
        outcomes, populations, margin, settled["responses"] is not None, settled["attribution"],
        warnings,
    )  # fmt: skip


def _responses(
    given: str | os.PathLike[str] | None, assigned: Assigned, snapshot: Snapshot
) -> pa.Table:
    if given is not None:
        return read_responses(given, snapshot)
    names = (CUSTOMER, GROUP_IN_FILE, CAMPAIGN)
    kept = [name for name in names if name in assigned.table.column_names]
    none = assigned.table.slice(0, 0).select(kept)
    return none.append_column("cost", pa.array([], pa.int64()))
