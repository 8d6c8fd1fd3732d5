"""Write the account of exported totals to the metadata of the schema, and read it back."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, NamedTuple, get_args

import pyarrow as pa

from rfm_engine.errors import DataError, UsageError, shown
from rfm_engine.orders.evidence import Seen
from rfm_engine.orders.intake import Intake, Taken
from rfm_engine.orders.judge import REASONS
from rfm_engine.orders.kinds import AmountKind, IdKind, SeenKinds, TimeKind
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.reading import MAX_SCALE, Reading, day_date, day_number
from rfm_engine.totals.digest import digest_of, options_of, refuse_differing

KEY = b"rfm_engine.totals"
"""The key of the metadata."""
_FORMAT = 1
_KINDS = {"customer": IdKind, "order": IdKind, "time": TimeKind, "amount": AmountKind, "by": IdKind}


class Account(NamedTuple):
    """What totals have besides their `n_customers` customers."""

    kinds: SeenKinds
    counts: RowCounts
    newest_day: int | None
    currencies: frozenset[str]
    seen: Seen
    n_customers: int

    @classmethod
    def of(cls, intake: Intake, n_customers: int) -> Account:
        """Return the account of the rows in `intake`."""
        ledger = intake.ledger
        return cls(
            intake.seen_kinds, ledger.counts(), ledger.newest_day, ledger.currencies, intake.seen,
            n_customers,
        )  # fmt: skip

    def enter(self, intake: Intake) -> None:
        """Add the account to `intake`."""
        taken = Taken(self.kinds, self.counts, self.newest_day, self.currencies, self.seen)
        intake.enter(taken, name="the totals absorbed")

    def metadata(self, reading: Reading) -> dict[bytes, bytes]:
        """Return the account and the options as metadata of a schema."""
        options = options_of(reading)
        day = self.newest_day if reading.as_of_day is None else reading.as_of_day
        counts = self.counts
        about = {
            "format": _FORMAT,
            "digest": digest_of(options),
            "options": options,
            "scale": self.kinds.scale,
            "kinds": {role: getattr(self.kinds, role) for role in _KINDS},
            "currency": next(iter(self.currencies), None),
            "as_of": _iso(day),
            "newest_day": _iso(self.newest_day),
            "rows": {
                "read": counts.read, "counted": counts.counted, "dropped": counts.dropped,
                "amounts_rounded": counts.amounts_rounded,
            },
            "seen": self.seen.to_json(),
            "customers": self.n_customers,
        }  # fmt: skip
        return {KEY: json.dumps(about).encode()}


def account_in(schema: pa.Schema, reading: Reading) -> Account:
    """Read the account of an export that was made with the same options.

    Raises
    ------
    UsageError
        The schema is not that of an export, or the options differ.
    DataError
        The metadata are damaged.
    """
    text = (schema.metadata or {}).get(KEY)
    if text is None:
        raise UsageError(
            "export must be a result of CustomerTotals.export, with its schema metadata; "
            "got no such metadata. Use Arrow IPC or Parquet, which keep the metadata."
        )
    return account_of(text, reading)


def account_of(text: str | bytes, reading: Reading) -> Account:
    """Read the metadata of an export, as `account_in`.

    Raises
    ------
    UsageError
        The options differ, or the metadata have another format.
    DataError
        The metadata are damaged.
    """
    try:
        about = json.loads(text)
        form = about["format"]
        digest, theirs = about["digest"], about["options"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged("metadata that cannot be read") from None
    if form != _FORMAT:
        raise UsageError(
            f"export must have format {_FORMAT}; got {shown(form)}. "
            "Export the totals with this version of rfm-engine."
        )
    if not isinstance(theirs, dict) or digest != digest_of(theirs):
        raise _damaged("options that do not match their digest")
    refuse_differing(options_of(reading), theirs)
    try:
        return _account(about)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged("metadata with invalid values") from None


def _account(about: dict[str, Any]) -> Account:
    kinds = {role: about["kinds"][role] for role in _KINDS}
    if any(kind not in (None, *get_args(_KINDS[role])) for role, kind in kinds.items()):
        raise ValueError(kinds)
    scale = None if about["scale"] is None else _count(about["scale"], MAX_SCALE)
    rows = about["rows"]
    dropped = {reason: _count(rows["dropped"][reason]) for reason in REASONS[1:]}
    counts = RowCounts(
        _count(rows["read"]), _count(rows["counted"]), dropped, _count(rows["amounts_rounded"])
    )
    if counts.read != counts.counted + sum(dropped.values()):
        raise ValueError(rows)
    currency, newest = about["currency"], about["newest_day"]
    if not isinstance(currency, str | None):
        raise TypeError(currency)
    return Account(
        SeenKinds(**kinds, scale=scale),
        counts,
        None if newest is None else day_number(date.fromisoformat(newest)),
        frozenset() if currency is None else frozenset([currency]),
        Seen.from_json(about["seen"]),
        _count(about["customers"]),
    )


def _count(number: Any, most: int = (1 << 63) - 1) -> int:
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError(number)
    return number


def _iso(day: int | None) -> str | None:
    return None if day is None else day_date(day).isoformat()


def _damaged(got: str) -> DataError:
    return DataError(f"export must be undamaged; got {got}. Export the totals again.")
