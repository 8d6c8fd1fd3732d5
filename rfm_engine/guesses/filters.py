"""Guess the conditions on rows: the status of orders, refunds and currencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
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
    because rfm counts amounts in full. So does a status that is not final or unknown, if it is
    left out. Of several currencies the most frequent one is kept, unless exchange rates are typed.
    """
    bought = purchases(roles)
    status = status_of(columns, bought)
    wanted = _Conditions()
    rows = _Rows(len(roles.customer.values))
    reasons: list[str] = []
    others: list[tuple[_Conditions, str]] = []
    if status is not None and status.values:
        rows.keep(status.kept_rows(), status.column, "status")
        wanted = wanted._replace(status=status.condition)
    customer = roles.customer
    if customer.quoted_empty and can_be_named(customer, ()):
        rows.keep(rows.kept - customer.quoted_empty, customer, customer.name)
        wanted = wanted._replace(customer=condition_of(customer, [""], keeps=False))
    main = None if "rates" in typed else _main_currency(roles.currency, rows.kept)
    if main is not None and roles.currency is not None:
        of_main = {row for row, text in roles.currency.present() if text == main}
        rows.keep(of_main, roles.currency, "currency")
        wanted = wanted._replace(currency=condition_of(roles.currency, [main], keeps=True))
    if wanted.value is not None:
        reasons.append(rows.left_out())
    if main is not None:
        n = len(rows.kept)
        reasons.append(
            f"keeps {main} ({n:,} {'row' if n == 1 else 'rows'}), the most frequent currency, "
            "because amounts are added up"
        )
    refunds = _without_refunds(columns, [row for row in bought if row in rows.kept])
    if refunds is not None:
        reason = "leaves out all orders that were refunded, also in part"
        others.append((wanted._replace(refunds=refunds), reason))
        reasons.append("counts amounts in full, although some were refunded later")
    elif status is not None and not status.keeps:
        back = [value for value in status.column.distinct if word_of(value) in RETURNED]
        if back:
            without = condition_of(status.column, [*status.values, *back], keeps=False)
            others.append((wanted._replace(status=without), "leaves out refunded orders too"))
            reasons.append("counts refunded orders")
    if status is not None and (unsure := status.unsure):
        named = ", ".join(_some(unsure))
        reason = f"counts orders with these values too: {named}"
        others.append((wanted._replace(status=status.with_unsure()), reason))
        reasons.append(f"perhaps some of these are orders too: {named}")
    if main is not None:
        reason = "keeps all currencies, which must be converted with --rates"
        others.append((wanted._replace(currency=None), reason))
    if wanted.value is None and not others:
        return None
    return Guess(
        "where", wanted.value, "; ".join(reasons),
        tuple(Alternative(conditions.value, reason) for conditions, reason in others),
    )  # fmt: skip


class _Rows:
    """The rows that meet all conditions so far, and the values that left out the others."""

    def __init__(self, n_rows: int) -> None:
        self.kept = set(range(n_rows))
        self._n_rows = n_rows
        self._left_out: Counter[str] = Counter()

    def keep(self, rows: Set[int], column: Column, what: str) -> None:
        """Keep only some rows, because of their value in a column; `what` names a missing one."""
        for row in self.kept - rows:
            text = column.values[row]
            self._left_out[f"no {what}" if text is None else text] += 1
        self.kept &= rows

    def left_out(self) -> str:
        """Return how many of the rows read are left out, and because of which values."""
        values = _some([f"{text} ({n:,})" for text, n in self._left_out.most_common()])
        n_rows = f"{self._left_out.total():,} of the {self._n_rows:,} rows read"
        return f"leaves out {n_rows}" + (f": {', '.join(values)}" if values else "")


def _some(values: Sequence[str]) -> list[str]:
    """Return the first values, and how many more there are."""
    more = len(values) - _LISTED
    return [*values[:_LISTED], *([f"{more} more"] if more > 0 else [])]


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
    """Return the most frequent currency, if there are several."""
    if column is None or not can_be_named(column, column.distinct):
        return None
    counts = Counter(text for row, text in column.present() if row in kept)
    if len(counts) < 2:
        return None
    # Of several that are equally frequent, the first one in the file.
    [(most_frequent, _)] = counts.most_common(1)
    return most_frequent
