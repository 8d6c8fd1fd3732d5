"""Guess the conditions on rows: the status of orders, refunds and currencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.guesses.roles import ENOUGH
from rfm_engine.guesses.rows import Roles, purchases
from rfm_engine.guesses.status import RETURNED, can_be_named, condition_of, status_of, word_of
from rfm_engine.orders.column_names import weight_of

_LISTED = 5


class _Conditions(NamedTuple):
    """The conditions on each subject; None if there is none."""

    status: str | None = None
    customer: str | None = None
    refunds: str | None = None
    currency: str | None = None

    @property
    def value(self) -> tuple[str, ...] | None:
        """The value of the option `where`."""
        return tuple(each for each in self if each is not None) or None


def guess_where(columns: Sequence[Column], roles: Roles, typed: Mapping[str, Any]) -> Guess | None:
    """Guess the conditions that keep the rows of orders that were made, in one currency.

    Refunds in a column of their own are no reason to leave out rows, but make the guess doubtful,
    because rfm counts amounts in full. Of several currencies the most frequent one is kept, unless
    exchange rates are typed.
    """
    bought = purchases(roles)
    status = status_of(columns, bought)
    wanted = _Conditions()
    reasons: list[str] = []
    kept = set(range(len(roles.customer.values)))
    if status is not None and status.values:
        kept = status.kept_rows()
        wanted = wanted._replace(status=status.condition)
        reasons.append(f"leaves out {_left_out(status.column, kept)}")
    customer = roles.customer
    if customer.n_quoted_empty and can_be_named(customer, ()):
        wanted = wanted._replace(customer=condition_of(customer, [""], keeps=False))
        reasons.append(f"leaves out rows whose {customer.name!r} is an empty text in quotes")
    main = None if "rates" in typed else _main_currency(roles.currency, kept)
    if main is not None:
        wanted = wanted._replace(currency=main)
        reasons.append("keeps the most frequent currency, because amounts are added up")
    others: list[Alternative] = []
    refunds = _without_refunds(columns, [row for row in bought if row in kept])
    if refunds is not None:
        reason = "leaves out all orders that were refunded, also in part"
        others.append(Alternative(wanted._replace(refunds=refunds).value, reason))
        reasons.append("counts amounts in full, although some were refunded later")
    elif status is not None and not status.keeps:
        back = [value for value in status.column.distinct if word_of(value) in RETURNED]
        if back:
            without = condition_of(status.column, [*status.values, *back], keeps=False)
            reason = "leaves out refunded orders too"
            others.append(Alternative(wanted._replace(status=without).value, reason))
            reasons.append("counts refunded orders")
    if main is not None:
        reason = "keeps all currencies, which must be converted with --rates"
        others.append(Alternative(wanted._replace(currency=None).value, reason))
    if wanted.value is None and not others:
        return None
    return Guess("where", wanted.value, "; ".join(reasons), tuple(others))


def _left_out(status: Column, kept: set[int]) -> str:
    """Return which values of the status are left out, and in how many of the rows read."""
    counts = Counter(text for row, text in enumerate(status.values) if row not in kept)
    listed = [
        f"{'no status' if text is None else text} ({n:,})"
        for text, n in counts.most_common(_LISTED)
    ]
    more = [f"{len(counts) - _LISTED} more"] * (len(counts) > _LISTED)
    n_rows = f"{counts.total():,} of {len(status.values):,} rows read"
    return f"{n_rows}: {', '.join([*listed, *more])}" if listed else n_rows


def _without_refunds(columns: Sequence[Column], rows: Sequence[int]) -> str | None:
    """Return the condition of no refund, if a column has the refunded part of some rows."""
    for column in columns:
        written = written_numbers(column)
        if weight_of(column.name, "refunded") < ENOUGH or written is None:
            continue
        at_row = dict(column.present())
        if not all(row in at_row for row in rows):
            continue
        texts = {at_row[row] for row in rows}
        zeros = sorted(text for text in texts if written.value(text) == 0)
        if zeros and len(zeros) < len(texts) and can_be_named(column, zeros):
            return condition_of(column, zeros, keeps=True)
    return None


def _main_currency(column: Column | None, kept: set[int]) -> str | None:
    """Return the condition of the most frequent currency, if there are several."""
    if column is None or not can_be_named(column, column.distinct):
        return None
    counts = Counter(text for row, text in column.present() if row in kept)
    if len(counts) < 2:
        return None
    # Of several that are equally frequent, the first one in the file.
    [(most_frequent, _)] = counts.most_common(1)
    return condition_of(column, [most_frequent], keeps=True)
