"""What readers of a report must know: rows that were left out, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from rfm_engine.activation.campaign.designs import HOLDOUT, Campaign, Ratio
from rfm_engine.activation.campaign.drawing import CAMPAIGN
from rfm_engine.activation.campaign.shares import percent_of
from rfm_engine.activation.campaign.sums import Added, Asked
from rfm_engine.errors import Message, cut
from rfm_engine.options.messages import message
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.query.id_values import plain_ids

_MOST_NAMED = 10


def notices_of(
    asked: Asked, campaigns: Sequence[Campaign], added: Added
) -> Iterator[DataWarning]:  # fmt: skip
    """Yield the warnings of a report, last those of each campaign."""
    if asked.assigned.n_without:
        n = asked.assigned.n_without
        text = message("rows of {assigned} without an id, which were left out: {:,}", n)
        yield DataWarning("null_customers", text)
    n_known = sum(row["responders"] for row in added.cells)
    n_unknown = _n_responders(asked) - n_known
    if n_unknown:
        text = message("responders who are not in {assigned}, who were left out: {:,}", n_unknown)
        yield DataWarning("unassigned_responders", text)
    others = _other_campaigns(asked)
    if others:
        text = message("campaigns of {responses} that are not in {assigned}: {}", ", ".join(others))
        yield DataWarning("unassigned_campaigns", text)
    if asked.attribution == "all" and len(campaigns) > 1:
        text = message(
            "with {attribution:all} an order counts for each campaign that covers it, so that "
            "campaigns must not be added up"
        )
        yield DataWarning("not_additive", text)
    for each in campaigns:
        yield from _of_campaign(each, asked, added)


def _other_campaigns(asked: Asked) -> list[str]:
    """Return the campaigns of responses that no customer is assigned to, sorted; a few of many."""
    names = asked.responses[CAMPAIGN].unique().to_pylist()
    others = sorted({*names} - {*asked.assigned.campaigns})
    return [cut(name) for name in others[:_MOST_NAMED]]


def _n_responders(asked: Asked) -> int:
    """Return the number of responders of the campaigns, assigned or not."""
    import pyarrow.compute as pc

    names = pa.array(asked.assigned.campaigns, pa.string())
    own = asked.responses.filter(pc.is_in(asked.responses[CAMPAIGN], value_set=names))
    keys = [name for name in own.column_names if name != "cost"]
    people = pa.table({name: plain_ids(own[name]) for name in keys})
    return len(people.group_by(keys).aggregate([]))


def _of_campaign(campaign: Campaign, asked: Asked, added: Added) -> Iterator[DataWarning]:
    name, ratio = campaign.name, campaign.ratio
    if ratio is not None and ratio.found.is_broken:
        yield DataWarning("split_broken", _broken(name, ratio))
    if ratio is not None and ratio.planned_bp and not ratio.held_out:
        planned = percent_of(ratio.planned_bp)
        said = f"campaign {name}: no customer is held out, although {planned} were planned"
        yield DataWarning("no_holdout", said)
    if campaign.design == HOLDOUT and ratio is None:
        text = message(
            "campaign {}: the sizes of the arms were not checked, because the planned share is not "
            "known. Give it with {holdout}.",
            name,
        )
        yield DataWarning("ratio_not_checked", text)
    if campaign.design == HOLDOUT:
        return
    reason = None
    span = next((each for each in asked.spans if each.campaign == campaign.place), None)
    if span is None:
        reason = "its contacts or ends are on several days"
    elif added.first_row > span.before:
        reason = f"the rows begin on {added.first_row}, and the time before begins on {span.before}"
    if reason is not None:
        said = f"campaign {name}: nothing to compare with: it has no holdout, and {reason}"
        yield DataWarning("not_compared", said)


def _broken(name: str, ratio: Ratio) -> Message:
    return message(
        "campaign {}: split broken: {:,} treated and {:,} held out, but {} were planned (p = "
        "{:.2g}). Uplift is not computed. Find out which customers are missing or were added.",
        name, ratio.treated, ratio.held_out, percent_of(ratio.planned_bp), ratio.found.p,
    )  # fmt: skip
