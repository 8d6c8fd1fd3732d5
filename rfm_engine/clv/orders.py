"""The orders that lifetime value is computed from: options, sources, and totals with their days."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rfm_engine.clv.normalized_input import NormalizedInput
from rfm_engine.clv.terms import Terms, shrinkage_sd_of
from rfm_engine.errors import DataError, UsageError, shown
from rfm_engine.options.clv import TermOptions
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import EstimateOptions, TotalsOptions
from rfm_engine.options.messages import message, named
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.scan import Seconds
from rfm_engine.orders.sources.deadline import seconds_of
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.tables.part import tables_of
from rfm_engine.output import refuse_overwriting
from rfm_engine.state.history import LIFETIME
from rfm_engine.state.inputs import state_of
from rfm_engine.totals.aggregation import Report, aggregate
from rfm_engine.totals.memory.budget import batch_bytes
from rfm_engine.totals.memory.system import limit_of, threads_of
from rfm_engine.totals.population import Population
from rfm_engine.totals.totals import Totals, population_of


class ClvOrders:
    """Orders, or totals that were built with `clv`, and all options of lifetime value.

    Attributes
    ----------
    settled
        The value of every option.
    threads
        Number of threads.
    reading
        The options of reading.
    shrinkage_sd
        With groups: the standard deviation of the logs of their parameters; otherwise None.
    tables
        What the options of the output say about tables that were read.
    """

    shrinkage_sd: Decimal | None

    def __init__(
        self,
        orders: object,
        explicit: Mapping[str, Any],
        config: Mapping[str, Any],
        of_model: Mapping[str, Any],
    ) -> None:
        """Settle the options: explicit ones, those of a config file, and those of a model.

        Raises
        ------
        UsageError
            An option is wrong, or the orders are a state.
        DataError
            The rows are totals of customers.
        """
        self._orders = orders
        self.tables: dict[str, list[str]] = {}
        self._built = population_of(orders) if isinstance(orders, Totals) else None
        asked = {**of_model, **config, **explicit}
        if self._built is not None:
            asked |= self._of_totals(explicit, self._built)
        else:
            _refuse_state(orders)
            rows = NormalizedInput.of(orders)
            asked = asked if rows is None else rows.options(explicit, asked)
        self.settled = resolve(EstimateOptions, asked)
        _refuse_without_days(self.settled)
        self.shrinkage_sd = shrinkage_sd_of(self.settled["shrinkage_sd"])
        if self.settled["by"] is None:
            _refuse_shrinkage(explicit)
            self.shrinkage_sd = None
        self.threads = threads_of(self.settled["threads"])
        if self._built is not None:
            self.reading = self._built.reading
            return
        names = declared(TotalsOptions).keys() & self.settled.keys()
        read: Any = {name: self.settled[name] for name in names}
        self.reading = Reading(**read, clv=True)

    def running(self) -> dict[str, Any]:
        """Return the options for building totals."""
        settled, has_groups = self.settled, self.settled["by"] is not None
        a_thread = batch_bytes(by=has_groups, clv=True, distinct=bool(settled["distinct"]))
        limit = limit_of(settled["memory_limit"], self.threads, a_thread)
        spill_dir = settled["spill_dir"]
        return {"threads": self.threads, "memory_limit": limit, "spill_dir": spill_dir}

    def terms(self) -> Terms:
        """Return what is predicted.

        Raises
        ------
        UsageError
            A horizon, the margin or the discount is wrong.
        """
        return Terms.of(**{name: self.settled[name] for name in declared(TermOptions)})

    def sources(self, outputs: Sequence[str | os.PathLike[str] | None]) -> Sequence[Source]:
        """Open the orders, and refuse to overwrite them."""
        known = self.reading
        sources = open_sources(
            self._orders, known.columns, csv_format=known.csv,
            as_files=known.options["as_files"], roles=known.roles,
            store_timeout=seconds_of(self.settled["store_timeout"]), period=known.period,
        )  # fmt: skip
        self.tables = tables_of(sources)
        for output in outputs:
            refuse_overwriting(output, "the rates file", self.settled["rates"])
            for source in sources:
                refuse_overwriting(output, "an input", source.name)
        return sources

    def totals(
        self, progress: Report | None, outputs: Sequence[str | os.PathLike[str] | None]
    ) -> tuple[Population, Seconds]:
        """Return the totals of all customers, and how long reading took.

        Raises
        ------
        DataError
            The data are invalid.
        """
        if self._built is not None:
            return self._built, Seconds()
        sources = self.sources(outputs)
        found, spent = aggregate(sources, self.reading, self.running(), progress, overall=False)
        return found.totals, spent

    def _of_totals(self, explicit: Mapping[str, Any], built: Population) -> dict[str, Any]:
        """Return the options with which totals were built; refuse others."""
        own: Mapping[str, Any] = built.reading.options
        typed = [name for name in explicit if name in own]
        if typed:
            raise UsageError(
                f"totals must be used as they were built; got {', '.join(typed)} as well. Remove "
                "this option, or build totals with it."
            )
        if not own["clv"] or own["clv_unit"] == "W":
            raise UsageError(
                message(
                    "totals must be built with {clv:True}, in days, for lifetime value; got "
                    "others. Build them with {clv:True} and without {clv_unit}."
                )
            )
        return {**own, "rates": None}


def _refuse_state(orders: object) -> None:
    state = state_of(orders)
    if state is None:
        return
    history = state.manifest.history
    is_lifetime = history == LIFETIME
    reason = "whose totals have no days" if is_lifetime else "which deletes the first orders"
    raise UsageError(
        f"lifetime value must be computed from orders, because it needs the first and every later "
        f"day of a customer; got a state with history {history}, {reason}. Give the files "
        "that were ingested."
    )


def _refuse_shrinkage(explicit: Mapping[str, Any]) -> None:
    if "shrinkage_sd" in explicit:
        raise UsageError(
            message(
                "{} must be used with {by}; got {} without it. Add {by}, or leave it out.",
                named("shrinkage_sd"), shown(explicit["shrinkage_sd"]),
            )
        )  # fmt: skip


def _refuse_without_days(settled: Mapping[str, Any]) -> None:
    if settled["window"] is not None:
        raise UsageError(
            message(
                "{window} must not be used with lifetime value, because it leaves out first "
                "orders; got {}. Leave it out.",
                shown(settled["window"]),
            )
        )
    if settled["customer_level"]:
        raise DataError(
            message(
                "orders must have a day each for lifetime value; got totals of customers "
                "({customer_level}). Give the orders."
            )
        )
