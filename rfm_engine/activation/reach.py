"""Which customers can be contacted on which channel: consent, and suppression lists."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from rfm_engine.activation.contacts import PersonalFile
from rfm_engine.activation.phones import Country
from rfm_engine.activation.suppression import EMAIL, PHONE, Suppression, read_suppression
from rfm_engine.errors import UsageError
from rfm_engine.kernels.arrays import whole
from rfm_engine.options.messages import message
from rfm_engine.orders.row_columns import CUSTOMER
from rfm_engine.query.id_values import plain_ids, typed_ids
from rfm_engine.query.session import Machine
from rfm_engine.query.sql_file import shipped_sql
from rfm_engine.query.tables import run_on_tables
from rfm_engine.result.snapshot import Snapshot

SQL = "rfm_engine.activation.sql"
_RELATIONS = ("consents", "listed", "channels")
_ADDRESS = {"email": EMAIL, "sms": PHONE}
"""The column of contacts that has the address of a channel."""


class Reach(NamedTuple):
    """Who can be contacted.

    Attributes
    ----------
    consented
        `customer_id` in the type of the snapshot and `channel`, sorted; None without contacts:
        then consent is not checked.
    suppressed
        The same columns: who must not be contacted.
    """

    consented: pa.Table | None
    suppressed: pa.Table


def reach_of(  # noqa: PLR0913 - the customers, two kinds of files, and how to read them
    snapshot: Snapshot,
    contacts: str | os.PathLike[str] | None,
    suppress: Sequence[str | os.PathLike[str]],
    channels: Sequence[str],
    machine: Machine,
    country: Country | None = None,
) -> Reach:
    """Return who consented to which channel, and who is suppressed.

    A customer has consented to a channel, for example `email`, if a row of the contacts has true in
    `consent_email`; a missing column is no consent. A customer is suppressed if the id is in a
    suppression list, or for `email` and `sms` if the lists have all e-mails or phone numbers of the
    rows with consent.

    Parameters
    ----------
    country
        The country of phone numbers without a country code; None leaves them as they are.

    Raises
    ------
    UsageError
        A file does not exist or lacks its columns, or lists of e-mails or phone numbers are given
        without contacts.
    DataError
        A file is corrupt, or has ids of another type.
    """
    kind = snapshot.schema.field(0).type
    suppression = read_suppression(suppress, snapshot, country)
    if contacts is None and suppression.has_addresses:
        raise UsageError(
            message(
                "{suppress} must have only customers without {contacts}; got e-mails, phone "
                "numbers or hashes. Give {contacts}, which says whose they are."
            )
        )
    ids = plain_ids(pa.chunked_array([], kind)).type
    schema = pa.schema([
        ("channel", pa.string()), (CUSTOMER, ids), ("is_suppressed", pa.bool_()),
    ])  # fmt: skip
    consents = [schema.empty_table()]
    if contacts is not None:
        file = PersonalFile("contacts", contacts, snapshot)
        for channel in channels:
            consents += [piece.cast(schema) for piece in _consents(file, channel, suppression)]
    tables = {
        "consents": pa.concat_tables(consents),
        "listed": pa.table({CUSTOMER: suppression.ids}),
        "channels": pa.table({"channel": pa.array(list(dict.fromkeys(channels)), pa.string())}),
    }
    found = run_on_tables(shipped_sql(SQL, "reach", _RELATIONS), tables, {}, machine)
    typed = typed_ids(found[CUSTOMER], kind)
    reached = pa.table({CUSTOMER: typed, "channel": found["channel"].cast(pa.string())})
    return Reach(
        None if contacts is None else reached.filter(found["is_consented"]),
        reached.filter(found["is_suppressed"]),
    )


def _consents(file: PersonalFile, channel: str, suppression: Suppression) -> Iterator[pa.Table]:
    """Yield the rows of contacts with consent to a channel; suppressed is null without address."""
    import pyarrow.compute as pc

    consent = f"consent_{channel}"
    customer = file.required_id_column()
    if not file.has(consent):
        return
    address = _ADDRESS.get(channel)
    texts = [address] if address is not None and file.has(address) else []
    mark = suppression.of_emails if address == EMAIL else suppression.of_phones
    for piece in file.pieces(customer, texts, [consent]):
        agreed = piece.filter(piece[consent])
        is_suppressed = pa.nulls(len(agreed), pa.bool_())
        for name in texts:
            addresses = whole(agreed[name])
            is_suppressed = pc.if_else(addresses.is_valid(), mark(addresses), is_suppressed)
        channels = pa.repeat(pa.scalar(channel), len(agreed))
        yield pa.table({
            "channel": channels, CUSTOMER: plain_ids(agreed[CUSTOMER]),
            "is_suppressed": is_suppressed,
        })  # fmt: skip
