"""The options of a scoring run and what follows from them, and its stages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rfm_engine.clv.model import clv_model_name
from rfm_engine.options.clv import with_days
from rfm_engine.options.declaration import declared
from rfm_engine.options.groups import ScoreOptions, TotalsOptions
from rfm_engine.options.resolution import resolve
from rfm_engine.orders.attributes import Attributes
from rfm_engine.orders.place import Source
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.sources.deadline import seconds_of
from rfm_engine.orders.sources.entry import open_sources
from rfm_engine.orders.sources.tables.part import tables_of
from rfm_engine.orders.workers import Workers
from rfm_engine.output import refuse_overwriting
from rfm_engine.result.assembly import Recipe, assemble
from rfm_engine.result.model import model_name, scheme_and_plan
from rfm_engine.result.result import Result
from rfm_engine.segments.added_columns import added_columns, refuse_named_like
from rfm_engine.segments.additions import Additions, Predictor
from rfm_engine.segments.fact_plan import plan_facts
from rfm_engine.segments.first_orders import refuse_first_orders
from rfm_engine.segments.plan import Plan
from rfm_engine.segments.scheme import Scheme
from rfm_engine.totals.aggregation import Aggregated
from rfm_engine.totals.memory.budget import batch_bytes
from rfm_engine.totals.memory.system import limit_of, threads_of


class Choice(NamedTuple):
    """The scheme and the plan of scoring, and the options that they imply.

    `who` is the name of the scheme or the model, for messages.
    """

    scheme: Scheme
    plan: Plan
    implied: Mapping[str, Any]
    who: str

    @classmethod
    def of(cls, asked: Mapping[str, Any], kept: Mapping[str, Any]) -> Choice:
        """Return what is chosen by given options, and by those `kept` by totals or a state."""
        scheme, plan = scheme_and_plan(asked)
        implied: Mapping[str, Any] = scheme.options
        if asked.get("customer_level") or kept.get("customer_level"):
            refuse_first_orders(scheme)
            implied = {}  # the options that a scheme implies need single orders
        who = "the model" if asked.get("model") is not None else f"scheme {scheme.name}"
        return cls(scheme, plan, implied, who)


class Job:
    """A scoring run.

    Attributes
    ----------
    settled
        The value of every option of `score`.
    scheme, plan
        How customers are scored.
    threads
        The number of threads.
    predictor
        Adds what a model of lifetime value predicts; None without one.
    """

    def __init__(self, choice: Choice, asked: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """Settle the options: those that are given, those implied, and those `kept` by totals.

        Raises
        ------
        UsageError
            An option is wrong, or two options contradict each other.
        """
        self.scheme, self.plan, implied, _ = choice
        self.settled = resolve(ScoreOptions, with_days(asked), implied, kept)
        self._attributes = Attributes.of(self.settled)
        self._facts = plan_facts(self.settled, self.scheme)
        self.threads = threads_of(self.settled["threads"])
        self._tables: dict[str, list[str]] = {}
        self.predictor: Predictor | None = None
        if self.settled["clv_model"] is not None:
            # Imported here, because other runs should not wait for it.
            from rfm_engine.clv.predictor import predictor_of

            self.predictor = predictor_of(self.settled, self.threads)

    @property
    def reading_options(self) -> dict[str, Any]:
        """The options of columns, dates and reading."""
        return {name: self.settled[name] for name in declared(TotalsOptions)}

    def running(self, *, is_read: bool = True) -> dict[str, Any]:
        """Return the options for building totals; `is_read` says whether orders are read."""
        limit = memory_limit(self.settled, self.threads, is_read=is_read)
        spill_dir = self.settled["spill_dir"]
        return {"threads": self.threads, "memory_limit": limit, "spill_dir": spill_dir}

    def refuse_names(self) -> None:
        """Refuse id columns that have the name of a column that an option adds.

        Raises
        ------
        UsageError
            There is such a column.
        """
        predicted = [] if self.predictor is None else self.predictor.names
        added = added_columns(self.settled, predicted, weighted=self.plan.weights is not None)
        refuse_named_like(added, [self.settled["customer"], self.settled["by"]])

    def additions(self, reading: Reading) -> Additions:
        """Read the attributes of customers, if there are any; return what a result has besides."""
        weighted = self.plan.weights is not None
        return Additions.read(
            self._facts, self.settled, reading, weighted=weighted, predictor=self.predictor
        )

    def sources(
        self, orders: object, known: Reading, output: str | os.PathLike[str] | None
    ) -> Sequence[Source]:
        """Open the orders, and refuse to overwrite them."""
        roles = self._attributes.roles
        sources = open_sources(
            orders, known.columns, existing=[*roles], csv_format=known.csv,
            as_files=known.options["as_files"], roles=roles | known.roles,
            store_timeout=seconds_of(self.settled["store_timeout"]), period=known.period,
        )  # fmt: skip
        for source in sources:
            refuse_overwriting(output, "an input", source.name)
        self._tables = tables_of(sources)
        return sources

    def scored(
        self, aggregated: Aggregated, additions: Additions, reading: Mapping[str, Any]
    ) -> Result:
        """Score the customers; `reading` are the options of columns, dates and reading.

        The result has no seconds yet.
        """
        said = self.said(reading, aggregated.totals.budget.limit)
        recipe = Recipe(self.scheme, self.plan, additions)
        with Workers(self.threads) as pool:
            together = None
            if aggregated.overall is not None:
                alone = said | {"by": None, "overall": False}
                together = assemble(aggregated.overall, recipe, pool, alone)
            return assemble(aggregated.totals, recipe, pool, said, together)

    def said(self, reading: Mapping[str, Any], limit: int | None) -> dict[str, Any]:
        """Return the options by name, as in a summary; `limit` is that of memory."""
        settled = self.settled
        said = {name: reading[name] for name in reading if name != "as_of"} | self.plan.options()
        said |= self._attributes.options
        for name in ("rates", "scheme", "attributes"):
            said[name] = None if settled[name] is None else os.fspath(settled[name])
        return said | {
            "overall": settled["overall"],
            "facts": settled["facts"],
            "whales": None if self._facts is None else self._facts.share_text,
            "whale_by": None if self._facts is None else self._facts.by,
            "scheme": said["scheme"] or self.scheme.name,
            "model": model_name(settled["model"]),
            "clv_model": clv_model_name(settled["clv_model"]),
            "threads": self.threads,
            "memory_limit": limit,
            "sort": settled["sort"],
            **self._tables,
        }


def memory_limit(settled: Mapping[str, Any], n_threads: int, *, is_read: bool) -> int | None:
    """Return the memory limit of `score`; `is_read` says whether orders are read."""
    per_thread = batch_bytes(
        by=settled["by"] is not None,
        clv=settled["clv"],
        distinct=bool(settled["distinct"]) and is_read,
    )
    return limit_of(settled["memory_limit"], n_threads, per_thread)
