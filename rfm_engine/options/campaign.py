"""The options of campaigns: their size, and their report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Campaign"


class DrawOptions(TypedDict, total=False):
    """The options of `campaign.split` that other commands have too: there are none."""


class SizeOptions(TypedDict, total=False):
    """What a campaign must be able to notice."""

    conversions: Annotated[
        Sequence[str],
        Option(
            "Expected share of buyers with and without the campaign, for example 2.5%,2%.",
            _PANEL, (), "P,P",
            doc="expected share of buyers with and without the campaign, for example `2.5%,2%`",
            stated="none",
        ),
    ]  # fmt: skip
    sd: Annotated[
        str | Decimal | float | None,
        Option(
            "Standard deviation of the spend per customer; needs --difference.",
            _PANEL, None, "S",
            doc="standard deviation of the spend per customer in the time of the campaign, "
            "customers without an order included; needs `--difference`",
            stated="none",
        ),
    ]  # fmt: skip
    difference: Annotated[
        str | Decimal | float | None,
        Option(
            "Difference of the mean spend per customer that must be noticed; needs --sd.",
            _PANEL, None, "D",
            doc="difference of the mean spend per customer that must be noticed, in the same unit "
            "as `--sd`",
            stated="none",
        ),
    ]  # fmt: skip
    alpha: Annotated[
        str | Decimal | float,
        Option(
            "Probability to see a difference that does not exist.", _PANEL, "0.05", "P",
            doc="probability to see a difference that does not exist (two-sided)",
        ),
    ]  # fmt: skip
    power: Annotated[
        str | Decimal | float,
        Option(
            "Probability to see the difference if it exists.", _PANEL, "0.8", "P",
            doc="probability to see the difference if it exists",
        ),
    ]  # fmt: skip
    holdout: Annotated[
        str,
        Option(
            "Share of the customers that is held out.", _PANEL, "50%", "PERCENT",
            doc="share of the customers that is held out; half and half needs the fewest customers",
        ),
    ]  # fmt: skip


class CampaignChoices(TypedDict, total=False):
    """What the report of a campaign counts."""

    attribution_days: Annotated[
        int | None,
        Option(
            "Count orders from the contact up to this many days later, if the file has no ends_on.",
            _PANEL, None, "N",
            doc="count orders from the day of the contact up to N days later; rows with `ends_on` "
            "have their own end",
            stated="none",
        ),
    ]  # fmt: skip
    attribution: Annotated[
        Literal["last", "all"],
        Option(
            "An order counts for the latest contact that covers it, or for all of them.",
            _PANEL, "last",
            doc="an order counts for the latest contact of the customer that covers it, or for "
            "all of them; `all` counts it more than once over several campaigns",
        ),
    ]  # fmt: skip
    responses: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "File of customers who responded: customer id and campaign.", _PANEL, None, "FILE",
            doc="CSV, Parquet or Arrow file of customers who responded: the column of `--customer` "
            "and `campaign`, and optionally `cost_minor`, for example a redeemed discount",
            stated="none",
        ),
    ]  # fmt: skip
    margin: Annotated[
        str | None,
        Option(
            "Margin: a share of the spend such as 25%, or a column of the rows.",
            _PANEL, None, "RATE|COL",
            doc="margin: a share of the spend such as `25%` or `0.25`, or a column of `--rows` "
            "with the margin of each row, which is read like the amount and not multiplied by "
            "`--quantity`",
            stated="none",
        ),
    ]  # fmt: skip
    holdout: Annotated[
        str | None,
        Option(
            "Planned share of the holdout, to check the sizes of the arms; default: as the file of "
            "`rfm campaign split` says.",
            _PANEL, None, "PERCENT",
            doc="planned share of the holdout, to check the sizes of the arms",
            stated="as the file of `rfm campaign split` says",
        ),
    ]  # fmt: skip
