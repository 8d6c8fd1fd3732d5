"""Add the snapshot of a date to a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from rfm_engine.api import score_given, score_snapshot
from rfm_engine.errors import DataError, StateError, UsageError
from rfm_engine.history.about import About
from rfm_engine.history.carried import CUSTOMERS, Before
from rfm_engine.history.contract import (
    ID_TYPE,
    RATES,
    SCALE,
    agreed_of,
    agreed_of_snapshot,
    refuse_disagreement,
)
from rfm_engine.history.inputs import given_snapshot, refuse_history
from rfm_engine.history.sealed import file_digest
from rfm_engine.history.store import Store, Transaction, day_of, unit_of
from rfm_engine.history.writing import MODEL, Written, as_json, write_again, write_customers
from rfm_engine.options.declaration import declared
from rfm_engine.options.messages import message
from rfm_engine.options.running import RunningOptions
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.result.model import load_model
from rfm_engine.result.result import Result
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.state.inputs import state_of
from rfm_engine.totals.aggregation import Report
from rfm_engine.totals.totals import Totals

# Whether facts are added and how rows are sorted is decided by the history.
_ALWAYS = {"facts": True, "sort": "customer"}
_NOT_OF_STATES = ("frequency", RATES)


class Addition(NamedTuple):
    """A date to add, and what may happen to dates that exist.

    `is_built` is true if it is one of many dates that are built together.
    """

    day: date
    replace: bool
    backfill: bool
    is_built: bool = False


class Added(NamedTuple):
    """What happened to a date: `added`, `replaced` or `unchanged`, its customers, and warnings."""

    as_of: date
    status: str
    customers: int
    warnings: tuple[DataWarning, ...]


class Adding:
    """Scores a date and writes it to a transaction.

    Parameters
    ----------
    transaction
        Where new units are written.
    about
        What the snapshots of the history have in common.
    dates
        The dates of the history, ascending.
    addition
        The date to add.
    progress
        As for `rfm_engine.score`.
    """

    def __init__(
        self,
        transaction: Transaction,
        about: About,
        dates: Sequence[date],
        addition: Addition,
        progress: Report | None,
    ) -> None:
        self._transaction = transaction
        self._about = about
        self._dates = dates
        self._addition = addition
        self._progress = progress
        self._written: Written | None = None

    def run(self, orders: object, typed: Mapping[str, Any]) -> Added:
        """Score and add the date; return what happened.

        Raises
        ------
        RfmError
            As `History.add`.
        """
        self._refuse_earlier()
        result = self._scored(orders, typed, self._write)
        return self._sealed(result)

    def take(self, result: Result) -> Added:
        """Add the date from a result with the options of the history; return as `run`.

        Raises
        ------
        RfmError
            As `History.build`.
        """
        self._refuse_earlier()
        self._write(result)
        return self._sealed(result)

    def _refuse_earlier(self) -> None:
        day, dates = self._addition.day, self._dates
        if dates and day < dates[-1] and day not in dates and not self._addition.backfill:
            raise StateError(
                message(
                    "{backfill} must be given to add {} before {}, the newest date of the history; "
                    "got neither a later date nor {backfill}. Add it.",
                    day, dates[-1],
                )
            )  # fmt: skip

    def _write(self, result: Result) -> None:
        self._refuse_other_ids(result)
        day = self._addition.day
        folder = self._transaction.folder_of(unit_of(day))
        threads = result.options["threads"]
        self._written = write_customers(result, folder, self._before(day), day, threads)

    def _sealed(self, result: Result) -> Added:
        """Write the summary of the date, and later dates again; return as `run`."""
        assert self._written is not None
        day = self._addition.day
        unit = unit_of(day)
        digest, first_day, moves = self._written
        added = Added(day, "added", result.n_customers, result.warnings)
        if day in self._dates:
            published = self._transaction.published_summary(unit)
            is_same = published["content_digest"] == digest
            # The digest knows neither attributes nor rows of customers without an order.
            if is_same and not (self._addition.replace and self._differs(result, published)):
                self._transaction.discard()
                return added._replace(status="unchanged")
            if not self._addition.replace:
                raise self._changed()
            added = added._replace(status="replaced")
        summary = result.summary() | moves._asdict()
        summary |= {"content_digest": digest, "first_row": first_day}
        self._transaction.seal(unit, as_json({**summary, "before": self._day_before(day)}))
        self._describe(result, first_day)
        for later in (each for each in self._dates if each > day):
            self._derive_again(later, result.options["threads"])
        return added

    def _differs(self, result: Result, published: Mapping[str, Any]) -> bool:
        """Return whether anything differs from the date that the history has."""
        written = self._transaction.folder / unit_of(self._addition.day) / CUSTOMERS
        is_same_file = file_digest(written) == published["files"][CUSTOMERS]
        return not is_same_file or published["rows"] != result.summary()["rows"]

    def _changed(self) -> StateError:
        """Return the error for a date that the history has with other content."""
        if self._addition.is_built:
            return StateError(
                message(
                    "dates that are built must be new, or have the content that the history has; "
                    "got other customers or values for {}. Replace this date with rfm history add "
                    "and {replace} first, or build another history.",
                    self._addition.day,
                )
            )
        return StateError(
            message(
                "{replace} must be given to add {} again with other content; got other "
                "customers or values than in the history. Add {replace}, which also "
                "computes the carried columns of later dates again.",
                self._addition.day,
            )
        )

    def _scored(self, orders: object, typed: Mapping[str, Any], write: Any) -> Result:
        refuse_history(orders)
        day, options = self._addition.day, self._about.options
        state, snapshot = state_of(orders), given_snapshot(orders)
        if snapshot is not None:
            return self._of_snapshot(snapshot, typed, write)
        explicit = {**options, **typed, **_ALWAYS, "as_of": day}
        if state is not None:
            own = {**options, **state.options, **typed, "rates": None}
            theirs = agreed_of(self._frozen(own))
            # A state may count days although it was created for orders, and it has converted its
            # amounts: the file of rates may not exist any more.
            self._refuse_others({n: v for n, v in theirs.items() if n not in _NOT_OF_STATES})
            explicit = {
                name: each
                for name, each in explicit.items()
                if name not in state.options or name == "frequency"
            }
        elif isinstance(orders, Totals):
            raise UsageError(
                "totals must be scored to a snapshot before they are added to a history; got "
                "totals. Score them with an output, and add that."
            )
        else:
            self.refuse_other_options(typed)
        return score_given(orders, self._frozen(explicit), {}, None, self._progress, write=write)

    def refuse_other_options(self, typed: Mapping[str, Any]) -> None:
        """Refuse options that differ from those of the history."""
        self._refuse_others(agreed_of(self._frozen({**self._about.options, **typed})))

    def options_of_orders(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with which orders are scored, except for the date."""
        return self._frozen({**self._about.options, **typed, **_ALWAYS})

    def _of_snapshot(self, snapshot: Snapshot, typed: Mapping[str, Any], write: Any) -> Result:
        day = self._addition.day
        if snapshot.as_of != day:
            raise UsageError(
                message(
                    "{as_of} must be the date of the snapshot, {}; got {}. Correct it.",
                    snapshot.as_of, day,
                )
            )  # fmt: skip
        options = {name: each for name, each in self._about.options.items() if name != "attributes"}
        self._refuse_others(agreed_of(self._frozen({**options, **typed})))
        self._refuse_others(agreed_of_snapshot(snapshot))
        if options.get("clv") or options.get("clv_model") is not None:
            raise UsageError(
                message(
                    "a history with {clv} or {clv_model} must be given orders; got a snapshot, "
                    "which does not have the days of orders. Give the orders."
                )
            )
        running = {name: typed.get(name) for name in declared(RunningOptions)}
        running = {name: each for name, each in running.items() if each is not None}
        read = {**options, **_ALWAYS, "as_of": day, "rates": None, "currency": None}
        result = score_snapshot(snapshot, self._frozen(read), running, write)
        if [*result.segment_totals] != [*snapshot.segment_totals] or result.cuts != snapshot.cuts:
            raise DataError(
                f"snapshot {str(snapshot.path)!r} must have the segments that follow from its "
                "values; got others. Score the orders again."
            )
        return result

    def _frozen(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return options with the model of a frozen history."""
        if not self._about.frozen:
            return {**options}
        return {**options, "model": load_model(self._transaction.place(MODEL))}

    def _refuse_others(self, theirs: Mapping[str, Any]) -> None:
        newest = self._dates[-1] if self._dates else None
        place = self._transaction.history
        refuse_disagreement(place, self._about.agreed, theirs, newest, self._addition.day)

    def _refuse_other_ids(self, result: Result) -> None:
        """Refuse ids or amounts of another type than in other snapshots."""
        if not result.n_customers or self._about.id_type is None:
            return
        newest = self._dates[-1] if self._dates else None
        ours = {ID_TYPE: self._about.id_type, SCALE: self._about.scale}
        place, day = self._transaction.history, self._addition.day
        refuse_disagreement(place, ours, _types(result), newest, day)

    def _before(self, day: date) -> Before | None:
        """Return the snapshot before a date, in its newest version."""
        earlier = self._day_before(day)
        if earlier is None:
            return None
        folder = self._transaction.place(unit_of(earlier))
        about = self._about
        return Before(folder, about.n_ids, with_overall=about.agreed["overall"])

    def _day_before(self, day: date) -> date | None:
        return max(
            (each for each in (*self._dates, self._addition.day) if each < day), default=None
        )

    def _derive_again(self, day: date, threads: int) -> None:
        """Write a later snapshot with carried columns that follow from the one before it."""
        unit = unit_of(day)
        old = self._transaction.place(unit)
        summary = self._transaction.published_summary(unit)
        folder = self._transaction.folder_of(unit)
        before = self._before(day)
        assert before is not None  # the date that is added is earlier
        moves = write_again(old, folder, before, day, threads)
        summary.pop("files")
        summary |= {**moves._asdict(), "before": self._day_before(day)}
        self._transaction.seal(unit, as_json(summary))

    def _describe(self, result: Result, first_day: date | None) -> None:
        """Note the first day and the types of ids and amounts in `history.json`."""
        about = self._about
        if first_day is not None:
            about = about._replace(first_row=min(first_day, about.first_row or first_day))
        if result.n_customers and about.id_type is None:
            about = about._replace(**_types(result))
        if about != self._about:
            self._transaction.seal_history(about.to_json())


def dates_in(store: Store) -> list[date]:
    """Return the dates of a history, ascending."""
    days = map(day_of, store.units())
    return [date.fromisoformat(day) for day in days if day is not None]


def _types(result: Result) -> dict[str, Any]:
    return {ID_TYPE: str(result.schema.types[0]), SCALE: result.scale}
