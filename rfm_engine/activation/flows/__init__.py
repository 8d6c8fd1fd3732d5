"""Flows: rules of whom to contact when, with what, and how many to hold out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Unpack

from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import FlowOptions

if TYPE_CHECKING:
    from rfm_engine.activation.flows.outcome import FlowRun
    from rfm_engine.history.history import History

__all__ = ["run"]


@documented(FlowOptions)
def run(  # noqa: PLR0913 - the inputs of a run
    history: History | str | os.PathLike[str],
    *,
    flows: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    as_of: date | str | None = None,
    attributes: str | os.PathLike[str] | None = None,
    labels_from: str | os.PathLike[str] | None = None,
    tiers: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    **options: Unpack[FlowOptions],
) -> FlowRun:
    """Find whom flows contact at a date of a history, and log it there.

    Nothing is sent. A second run of the same date gives the same entries.

    Parameters
    ----------
    history
        A history, or its path.
    flows
        `presets` or None for all flows that come with the library, their names, TOML files, or
        folders of them.
    as_of
        A date of the history, not before the newest one of the log; default: the newest date.
    attributes
        A file with further columns of customers, such as `birthday` or `points`.
    labels_from
        A snapshot with labels, which `rfm label` wrote.
    tiers
        The TOML file of membership tiers; the tiers of the history are continued.
    output
        Where to write the entries, as for `rfm_engine.score`.
    {options}

    Returns
    -------
    FlowRun
        Its `table` has the customer, the group if there are groups, `flow`, `arm` (`treated` or
        `holdout`), `reason` (the trigger), `channel`, a column `treatment_KEY` per key of the
        treatments, and `entered_on`; in the order of the flows' priorities, then of customers.

    Raises
    ------
    UsageError
        DuckDB is not installed, or a flow, an option or an input is wrong.
    DataError
        A file has wrong data.
    StateError
        The log has a later date, or other entries of this date.
    """
    from rfm_engine.activation.flows.catalogue import load_flows
    from rfm_engine.activation.flows.inputs import Given
    from rfm_engine.activation.flows.outcome import run_flows
    from rfm_engine.history.history import History
    from rfm_engine.options.resolution import given, resolve
    from rfm_engine.orders.reading import as_date

    settled = resolve(FlowOptions, given("run", FlowOptions, options))
    opened = history if isinstance(history, History) else History.open(history)
    day = None if as_of is None else as_date(as_of)
    files = Given(attributes, labels_from, tiers)
    return run_flows(opened, load_flows(flows), day, files, settled, output)
