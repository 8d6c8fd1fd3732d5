"""Customers, e-mails and phone numbers that must not be contacted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.activation.contacts import PersonalFile
from rfm_engine.activation.normal_text import (
    composed,
    hash_of,
    trimmed,
    without_gmail_aliases,
    without_plus,
    without_space,
)
from rfm_engine.activation.phones import Country, e164
from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import arrow
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.id_values import plain_ids
from rfm_engine.result.snapshot import Snapshot

EMAIL, PHONE, HASH = "email", "phone", "hash"
_ADDRESSES = (EMAIL, PHONE, HASH)


class Suppression(NamedTuple):
    """What the suppression lists have.

    Attributes
    ----------
    ids
        Customers, with UUIDs as bytes; an id may occur several times.
    emails, phones
        SHA-256 of every form in which a platform takes an e-mail or a phone number.
    country
        The country of phone numbers without a country code.
    """

    ids: pa.ChunkedArray
    emails: frozenset[bytes]
    phones: frozenset[bytes]
    country: Country | None

    @property
    def has_addresses(self) -> bool:
        """Whether the lists have e-mails, phone numbers or hashes."""
        return bool(self.emails or self.phones)

    def of_emails(self, column: pa.Array) -> pa.Array:
        """Return which e-mails are suppressed; null is not."""
        return _marked(column, self.emails, email_forms)

    def of_phones(self, column: pa.Array) -> pa.Array:
        """Return which phone numbers are suppressed; null is not."""
        return _marked(column, self.phones, lambda text: phone_forms(text, self.country))


def read_suppression(
    files: Sequence[str | os.PathLike[str]], snapshot: Snapshot, country: Country | None
) -> Suppression:
    """Read suppression lists.

    Each has at least one of the columns of ids (as in the orders, or `customer_id`), `email`,
    `phone` and `hash`. A cell of 64 hexadecimal digits is a SHA-256.

    Raises
    ------
    UsageError
        A file does not exist, or has none of the columns.
    DataError
        A file is corrupt, or has ids of another type.
    """
    kind = snapshot.schema.field(0).type
    ids = [plain_ids(pa.chunked_array([], kind))]
    emails: set[bytes] = set()
    phones: set[bytes] = set()
    for given in files:
        file = PersonalFile("suppress", given, snapshot)
        customer, texts = file.id_column, [name for name in _ADDRESSES if file.has(name)]
        if customer is None and not texts:
            raise UsageError(
                message(
                    "{} must have a column customer_id, email, phone or hash; got none of them. "
                    "Name the columns in the first line.",
                    file.what,
                )
            )  # fmt: skip
        for piece in file.pieces(None, texts):
            for name in texts:
                if name != PHONE:
                    emails |= _all_forms(piece[name], email_forms)
                if name != EMAIL:
                    phones |= _all_forms(piece[name], lambda text: phone_forms(text, country))
        if customer is not None:
            ids += [plain_ids(piece[CUSTOMER]) for piece in file.pieces(customer)]
    chunks = [chunk for column in ids for chunk in column.chunks]
    return Suppression(
        pa.chunked_array(chunks, ids[0].type), frozenset(emails), frozenset(phones), country
    )


def email_forms(email: str) -> set[bytes]:
    """Return SHA-256 of every form in which a platform takes an e-mail.

    Two e-mails with a form in common count as the same: an address of Gmail with dots, or any
    address with `+` and a word, is the mailbox without them.
    """
    if (digits := hash_of(email)) is not None:
        return {bytes.fromhex(digits)}
    trim = trimmed(composed(email)).lower()
    bare = without_space(trim)
    forms = {trim, bare, without_gmail_aliases(bare), without_plus(bare)}
    return {sha256(composed(form).encode()).digest() for form in forms if form}


def phone_forms(phone: str, country: Country | None) -> set[bytes]:
    """Return SHA-256 of every form in which a platform takes a phone number."""
    if (digits := hash_of(phone)) is not None:
        return {bytes.fromhex(digits)}
    number = e164(phone, country)
    if number is None:  # national, and the country is not known: only equal digits match
        number = "".join(filter(str.isdecimal, phone))
    return {sha256(form.encode()).digest() for form in {number, number.removeprefix("+")} if form}


def _all_forms(column: pa.ChunkedArray, forms: Callable[[str], set[bytes]]) -> set[bytes]:
    texts: Iterable[str] = column.drop_null().unique().to_pylist()
    return {form for text in texts for form in forms(text)}


def _marked(
    column: pa.Array, suppressed: frozenset[bytes], forms: Callable[[str], set[bytes]]
) -> pa.Array:
    if not suppressed:
        return arrow(np.zeros(len(column), np.bool_))
    shared = column.dictionary_encode()
    marks = [not suppressed.isdisjoint(forms(text)) for text in shared.dictionary.to_pylist()]
    return pa.array(marks, pa.bool_()).take(shared.indices).fill_null(fill_value=False)
