"""Guess the conditions on rows: the status of orders, refunds and currencies."""

from __future__ import annotations

from collections.abc import Sequence

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.guesses.roles import ENOUGH
from rfm_engine.guesses.rows import Roles, purchases
from rfm_engine.guesses.status import RETURNED, can_be_named, condition_of, status_of, word_of
from rfm_engine.orders.column_names import weight_of


def guess_where(columns: Sequence[Column], roles: Roles) -> Guess | None:
    """Guess the conditions that keep the rows of orders that were made.

    Refunds in a column of their own and several currencies are no reason to leave out rows, but
    make the guess doubtful: rfm counts amounts in full, and does not add up currencies.
    """
    bought = purchases(roles)
    status = status_of(columns, bought)
    kept = set(range(len(roles.customer.values)))
    conditions: tuple[str, ...] = ()
    reasons: list[str] = []
    others: list[Alternative] = []
    if status is not None and status.values:
        conditions = (status.condition,)
        kept = status.kept_rows()
        left_out = f"{len(roles.customer.values) - len(kept):,} of the rows read"
        if status.keeps:
            reasons.append(f"keeps orders that are paid or on their way; leaves out {left_out}")
        else:
            reasons.append(f"leaves out orders that never became a sale, {left_out}")
    customer = roles.customer
    if customer.n_quoted_empty and can_be_named(customer, ()):
        conditions = (*conditions, condition_of(customer, [""], keeps=False))
        reasons.append(f"leaves out rows whose {customer.name!r} is an empty text in quotes")
    refunded = _without_refunds(columns, [row for row in bought if row in kept])
    if refunded is not None:
        reason = "leaves out all orders that were refunded, also in part"
        others.append(Alternative((*conditions, refunded), reason))
        reasons.append("counts amounts in full, although some were refunded later")
    elif status is not None and not status.keeps:
        back = [value for value in status.column.distinct if word_of(value) in RETURNED]
        if back:
            without = condition_of(status.column, [*status.values, *back], keeps=False)
            more = (without, *conditions[bool(status.values) :])
            others.append(Alternative(more, "leaves out refunded orders too"))
            reasons.append("counts refunded orders")
    main = _main_currency(roles, kept)
    if main is not None:
        others.append(Alternative((*conditions, main), "keeps only the most frequent currency"))
        reasons.append("several currencies are refused, unless --rates is given")
    if not conditions and not others:
        return None
    return Guess("where", conditions or None, "; ".join(reasons), tuple(others))


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


def _main_currency(roles: Roles, kept: set[int]) -> str | None:
    """Return the condition of the most frequent currency, if there are several."""
    column = roles.currency
    if column is None or not can_be_named(column, column.distinct):
        return None
    texts = [text for row, text in column.present() if row in kept]
    if len(set(texts)) < 2:
        return None
    return condition_of(column, [max(set(texts), key=texts.count)], keeps=True)
