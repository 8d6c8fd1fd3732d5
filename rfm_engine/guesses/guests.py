"""Tell an id that guests share from the id of a customer, by the e-mail addresses of its rows."""

from __future__ import annotations

from collections.abc import Sequence

from rfm_engine.errors import shown_value
from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.roles import Candidate

_LEAST_SHARE = 0.05
_LEAST_ADDRESSES = 3
"""A customer may have two addresses."""
_MOST_NULLS = 0.05


def without_shared_ids(guess: Guess, candidates: Sequence[Candidate]) -> Guess:
    """Make the guess of the customer doubtful if one id has many rows and many addresses.

    Shops write an id such as 0 for all guests, who would count as one customer. The e-mail address
    is then likelier, unless many rows have none.

    Parameters
    ----------
    guess
        The guess of the customer.
    candidates
        The columns that may be the customer, the one that fits best first.
    """
    best = next(each.column for each in candidates if each.column.name == guess.value)
    emails = next((each for each in candidates if each.column.are_emails), None)
    if emails is None or best.are_emails or not best.texts:
        return guess
    shared = max(best.distinct, key=lambda text: best.distinct[text])
    n_rows, n_addresses = best.distinct[shared], len(_addresses(best, shared, emails.column))
    if n_rows < _LEAST_SHARE * len(best.values) or n_addresses < _LEAST_ADDRESSES:
        return guess
    email = emails.column.name
    found = (
        f"{n_rows:,} of the {len(best.values):,} rows read have the {best.name} "
        f"{shown_value(shared)}, with {n_addresses:,} e-mail addresses"
    )
    others = [each for each in guess.others if each.value != email]
    if emails.column.null_share > _MOST_NULLS:
        reason = f"{guess.reason}; {found}, so guests may share it"
        return guess._replace(reason=reason, others=(emails.choice, *others))
    reason = f"{emails.reason}; {found}, so guests seem to share it"
    counts = f"counts the rows with {shown_value(shared)} as one customer"
    other = Alternative(best.name, counts, guess.example)
    return Guess(guess.option, email, reason, (other, *others), emails.choice.example)


def _addresses(ids: Column, shared: str, emails: Column) -> set[str]:
    """Return the e-mail addresses in the rows of one id."""
    address = dict(emails.present())
    rows = (row for row, text in ids.present() if text.strip() == shared)
    return {address[row].strip() for row in rows if row in address}
