"""Draw who is contacted and who is held out, among the customers that conditions choose."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.activation.campaign.shares import basis_points
from rfm_engine.activation.people import Source, chosen, conditions_of, source_of
from rfm_engine.activation.split import (
    GLOBAL,
    HOLDOUT,
    TREATED,
    buckets_of,
    held_out,
    key_in,
    read_key,
)
from rfm_engine.errors import UsageError, shown
from rfm_engine.history.history import History
from rfm_engine.history.store import is_history
from rfm_engine.kernels.arrays import arrow, whole
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.output import check_output, refuse_inside, refuse_overwriting, write
from rfm_engine.query.id_values import plain_ids
from rfm_engine.result.id_order import ascending
from rfm_engine.result.snapshot import Snapshot

METADATA_KEY = b"rfm_campaign"
CAMPAIGN, ARM, BUCKET, SEGMENT, ASSIGNED_ON = OWN = (
    "campaign", "arm", "bucket", "segment", "assigned_on",
)  # fmt: skip
Place = Snapshot | History | str | os.PathLike[str]


class Plan(NamedTuple):
    """Whom a campaign is for, its name, the share that is held out, and the file of the key."""

    who: str | Sequence[str]
    campaign: str
    holdout: str
    key_file: str | os.PathLike[str] | None


class Draw(NamedTuple):
    """Who is in which arm of a campaign.

    Attributes
    ----------
    table
        One row per customer, or per customer and group.
    holdout_bp
        The share of the holdout in basis points.
    """

    table: pa.Table
    holdout_bp: int

    @property
    def counts(self) -> dict[str, int]:
        """The number of customers of each arm; a customer in several groups counts once."""
        columns = {ARM: self.table[ARM], CUSTOMER: plain_ids(self.table.column(0))}
        people = pa.table(columns).group_by([ARM, CUSTOMER]).aggregate([])
        counted = people.group_by(ARM).aggregate([([], "count_all")]).to_pylist()
        found = {row[ARM]: row["count_all"] for row in counted}
        return {arm: found.get(arm, 0) for arm in (TREATED, HOLDOUT)}

    @property
    def segments(self) -> list[dict[str, Any]]:
        """The number of rows of each segment and arm, the largest segment first."""
        plain = {SEGMENT: self.table[SEGMENT].cast(pa.string()), ARM: self.table[ARM]}
        counted = pa.table(plain).group_by([SEGMENT, ARM]).aggregate([([], "count_all")])
        found: dict[str, dict[str, int]] = {}
        for row in counted.to_pylist():
            arms = found.setdefault(row[SEGMENT], {TREATED: 0, HOLDOUT: 0})
            arms[row[ARM]] = row["count_all"]
        ordered = sorted(found, key=lambda name: (-sum(found[name].values()), name))
        return [
            {"segment": name, "treated": found[name][TREATED], "held_out": found[name][HOLDOUT]}
            for name in ordered
        ]


def drawn(place: Place, plan: Plan) -> Draw:
    """Return the arms of a campaign; see `rfm_engine.campaign.split`."""
    return _drawn(source_of(place), plan)


def write_draw(place: Place, plan: Plan, output: str) -> Draw:
    """Write the arms of a campaign to a file, completely or not at all.

    Raises
    ------
    UsageError, StateError
        As `rfm_engine.campaign.split`, or the output cannot be written.
    """
    check_output(output)
    source = source_of(place)
    if source.history is not None:
        refuse_inside(output, "the history", source.history.path)
    refuse_overwriting(output, "the snapshot", source.snapshot.path)
    refuse_overwriting(output, "the key file", plan.key_file)
    found = _drawn(source, plan)
    write(found.table.to_reader(), found.table.schema, output)
    return found


def _drawn(source: Source, plan: Plan) -> Draw:
    _check_name(plan.campaign)
    holdout_bp = basis_points(plan.holdout)
    conditions = conditions_of(plan.who)
    snapshot = source.snapshot
    customer, by = snapshot.options["customer"], snapshot.options["by"]
    ids = [customer, *([] if by is None else [by])]
    _refuse_taken(ids)
    people = chosen(snapshot, conditions, [*ids, SEGMENT])
    order = arrow(ascending([whole(people[name]) for name in ids]))
    people = people.take(order)
    buckets = buckets_of(_key(source, plan.key_file), plan.campaign, people[customer])
    arms = pa.array([TREATED, HOLDOUT]).take(arrow(held_out(buckets, holdout_bp).view(np.uint8)))
    about = {
        "campaign": plan.campaign, "holdout_bp": holdout_bp, "as_of": source.as_of.isoformat(),
        "who": [plan.who] if isinstance(plan.who, str) else list(plan.who),
    }  # fmt: skip
    n = len(people)
    columns: dict[str, Any] = {name: people[name] for name in ids} | {
        CAMPAIGN: pa.repeat(pa.scalar(plan.campaign, pa.string()), n),
        ARM: arms,
        BUCKET: arrow(buckets),
        SEGMENT: people[SEGMENT],
        ASSIGNED_ON: pa.repeat(pa.scalar(source.as_of, pa.date32()), n),
    }
    metadata = {METADATA_KEY: json.dumps(about)}
    return Draw(pa.table(columns).replace_schema_metadata(metadata), holdout_bp)


def _check_name(campaign: object) -> None:
    """Refuse a campaign that is no text for a hash, or that is the global control group."""
    is_text = isinstance(campaign, str) and campaign.strip() != ""
    if not is_text or any(unicodedata.category(c) in ("Cc", "Cs") for c in str(campaign)):
        raise UsageError(
            message(
                "{campaign} must be a name without control characters; got {}. Choose a name.",
                shown(campaign),
            )
        )
    if campaign == GLOBAL:
        raise UsageError(
            message(
                "{campaign} must be another name than '*', which is the global control group of "
                "flows; got it. Choose a name."
            )
        )


def _refuse_taken(ids: Sequence[str]) -> None:
    for name in ids:
        if name.lower() in OWN:
            raise UsageError(
                f"the column {name!r} of the snapshot must have another name than the columns "
                f"{', '.join(OWN)} of the output; got the same. Rename it in the orders."
            )


def _key(source: Source, key_file: str | os.PathLike[str] | None) -> str:
    if key_file is not None:
        return read_key(key_file)
    if source.history is not None:
        return key_in(source.history.path)
    folder = _history_around(source.snapshot.path)
    if folder is not None:
        return key_in(folder)
    raise UsageError(
        message(
            "{key_file} must be given for a snapshot that is in no history, because arms are drawn "
            "with a secret key; got none. Make one with (umask 077; openssl rand -hex 32 > "
            "split.key), and use it for all campaigns."
        )
    )


def _history_around(place: Path) -> Path | None:
    """Return the history that a snapshot is in."""
    return next((each for each in place.resolve().parents if is_history(each)), None)
