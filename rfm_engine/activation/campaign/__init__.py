"""Campaigns with a holdout: who is contacted, how many that takes, and what it brought."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from rfm_engine.options.campaign import SizeOptions
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import CampaignOptions

if TYPE_CHECKING:
    import pyarrow as pa

    from rfm_engine.activation.campaign.planning import Size
    from rfm_engine.activation.campaign.report_table import Report
    from rfm_engine.history.history import History
    from rfm_engine.result.snapshot import Snapshot

__all__ = ["report", "size", "split"]


def split(
    source: Snapshot | History | str | os.PathLike[str],
    *,
    who: str | Sequence[str],
    campaign: str,
    holdout: str,
    key_file: str | os.PathLike[str] | None = None,
) -> pa.Table:
    """Draw which customers a campaign contacts, and which are held out to measure its effect.

    The arm of a customer follows from a secret key, the campaign and the id. It does not depend on
    other customers, and says nothing about the arm in another campaign. A larger holdout keeps the
    customers that a smaller one holds out.

    Parameters
    ----------
    source
        A snapshot, or a history, whose newest snapshot is used; or the path of one.
    who
        The customers to choose, by a condition on the columns of the snapshot such as
        `'segment == "Champions"'`; of several conditions all must hold.
    campaign
        The name of the campaign.
    holdout
        The share that is held out, from `"0%"` to `"50%"`.
    key_file
        A file with a secret of at least 16 characters. Default: the key of the history, which the
        first call makes.

    Returns
    -------
    pyarrow.Table
        A row per customer, or per customer and group, sorted by customer: the customer, the group
        if there are groups, `campaign` and `arm` (string: `treated` or `holdout`), `bucket` (int32:
        0 to 9,999), `segment` (dictionary of string), `assigned_on` (date32: the date of the
        snapshot). All rows of a customer are in the same arm.

    Raises
    ------
    UsageError
        A condition, the name or the share is wrong, or a snapshot has no key.
    StateError
        The history or its key is damaged.

    Examples
    --------
    >>> import tempfile, pathlib, rfm_engine as rfm
    >>> from rfm_engine.simulate import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, key = folder + "/customers.parquet", pathlib.Path(folder, "split.key")
    ...     result = rfm.score(simulate(customers=200, orders=500), as_of="newest", output=path)
    ...     _ = key.write_text("a secret of this shop")
    ...     everyone = {"who": "frequency >= 1", "campaign": "spring", "key_file": key}
    ...     arms = rfm.campaign.split(path, holdout="10%", **everyone)
    ...     arms.num_rows, arms["arm"].to_pylist().count("holdout")
    (200, 21)
    """
    from rfm_engine.activation.campaign.drawing import Plan, drawn

    return drawn(source, Plan(who, campaign, holdout, key_file)).table


@documented(SizeOptions)
def size(**options: Unpack[SizeOptions]) -> Size:
    """Return how many customers a campaign needs, so that its effect can be seen.

    Parameters
    ----------
    {options}

    Returns
    -------
    Size
        `treated` and `held_out`, the customers of each arm, and `customers`, their sum.

    Raises
    ------
    UsageError
        An option is wrong, missing or one too many.

    Examples
    --------
    >>> import rfm_engine as rfm
    >>> rfm.campaign.size(conversions="2.5%,2%", holdout="10%")[:2]
    (71320, 7925)
    """
    from rfm_engine.activation.campaign.planning import planned
    from rfm_engine.options.resolution import given

    return planned(given("size", SizeOptions, options))


@documented(CampaignOptions)
def report(
    source: Snapshot | History | str | os.PathLike[str],
    *,
    assigned: str | os.PathLike[str],
    rows: object,
    **options: Unpack[CampaignOptions],
) -> Report:
    """Measure what campaigns brought, per segment and arm.

    With a holdout the treated customers are compared with those held out. Without one they are
    compared with all other customers by difference in differences, which is only a hint.

    Parameters
    ----------
    source
        A snapshot that is older than the first contact, or a history: segments are those of its
        newest snapshot before the contact; or the path of one.
    assigned
        A CSV, Parquet or Arrow file with a row per customer and campaign: the customer, the group
        if there are groups, `campaign`, `contacted_on`, and optionally `arm` (`treated` or
        `holdout`), `ends_on` and `cost_minor`. The file of `split` is one: `assigned_on` counts as
        the day of the contact.
    rows
        The orders up to the last day of the campaigns, in any form that `rfm_engine.score` takes,
        or the folder that `rfm normalize --buckets` wrote.
    {options}

    Returns
    -------
    Report
        `table`, an Arrow table with a row per campaign, group and segment and one for all segments,
        and `summary()`, a dictionary that can be written as JSON.

    Raises
    ------
    UsageError
        DuckDB is not installed; an option, a file or a column is wrong; or a campaign ends after
        the newest row.
    DataError
        A value of a file is wrong, or the rows have other ids.

    Notes
    -----
    docs/explanation/campaigns.md has the definitions.
    """
    from rfm_engine.activation.campaign.report_table import Report
    from rfm_engine.activation.campaign.results import results_of
    from rfm_engine.options.resolution import given

    explicit = given("report", CampaignOptions, options)
    return Report(results_of(source, assigned, rows, explicit))
