"""The customers of all buckets, as the notes of the merging stage tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from rfm_engine.errors import Message, RfmError
from rfm_engine.options.messages import message
from rfm_engine.orders.reading import Reading
from rfm_engine.spark.basis import Basis
from rfm_engine.spark.surveys import Surveys, surveys_from
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.export_account import Account, account_of


@dataclass(frozen=True)
class Merged:
    """The account of all rows, the numbers of customers, and the surveys of the buckets."""

    basis: Basis
    n_customers: int
    n_without_orders: int
    surveys: list[Surveys]

    @classmethod
    def of(cls, basis: Basis, reading: Reading, notes: Sequence[dict[str, Any]]) -> Self:
        """Add up the notes of partial totals and of buckets.

        Raises
        ------
        DataError
            Rows have different currencies.
        RfmError
            Partial totals were lost, or merged twice.
        """
        totals = basis.totals()
        accounts = [account_of(note["account"], reading) for note in notes if "account" in note]
        for account in accounts:
            account.enter(totals.intake)
        buckets = [note for note in notes if "rows" in note]
        n_partial = sum(account.n_customers for account in accounts)
        refuse_change("partial totals", n_partial, sum(bucket["rows"] for bucket in buckets))
        return cls(
            Basis(basis.options, Account.of(totals.intake, 0)),
            sum(bucket["customers"] for bucket in buckets),
            sum(bucket["without"] for bucket in buckets),
            [surveys_from(bucket["surveys"]) for bucket in buckets],
        )

    @cached_property
    def totals(self) -> Accumulator:
        """Totals with the account of all rows, without customers."""
        return self.basis.totals()


def refuse_change(what: str, n_before: int, n_now: int) -> None:
    """Refuse rows whose number has changed between two stages.

    Raises
    ------
    RfmError
        The number has changed.
    """
    if n_before != n_now:
        raise RfmError(
            message(
                "{} must have the same rows whenever Spark reads it; got {:,} {} and later {:,}. "
                "Write it to a table and score that table.",
                Message("df", "INPUT"), n_before, what, n_now,
            )
        )  # fmt: skip
