"""What a state consists of, in one JSON document that checks itself.

The document of a generation names every file of it and of the older generations that can still be
restored. It is published whole, so there is one moment in which a state changes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from rfm_engine.errors import StateError
from rfm_engine.orders.judge import REASONS
from rfm_engine.state.options import DEFAULTS

FORMAT = 2
"""What is written; format 1, which lists the ledger in the manifest, can be read too."""
DATA_FILE = re.compile(
    r"(?:totals|orders|repeats|known|distinct|ledger)-(\d+)-[0-9a-f]{16}\.parquet"
)
"""A data file, and the number of the generation that it was written for."""
ORDER_ROLES = ("orders", "known")
"""Roles of files whose rows are distinct orders."""
DISTINCT_ROLE = "distinct"
"""Role of files whose rows are the distinct rows."""
LEDGER_ROLE = "ledger"
"""Role of files whose rows are batches and files ever ingested; all others have totals."""
_WRAPPED = re.compile(r'\{"sha256": "([0-9a-f]{64})", "state": (.*)\}\n', re.DOTALL)

Made = TypeVar("Made")


class File(NamedTuple):
    """A Parquet file: the rows of `counts[i]` are those of bucket `first_bucket + i`.

    A file of the ledger has no buckets: `counts` is the number of its rows, `first_bucket` 0.

    Readers compare `crc32`, which no flipped bit escapes, in a quarter of the time of `sha256`,
    which no other file has and `verify` compares too.
    """

    name: str
    n_bytes: int
    crc32: int
    sha256: str
    first_bucket: int
    counts: tuple[int, ...]

    @property
    def role(self) -> str:
        """What it holds: `totals`, `repeats`, `orders`, `known`, `distinct` or `ledger`."""
        return self.name.partition("-")[0]

    @property
    def n_rows(self) -> int:
        """Rows of all its buckets."""
        return sum(self.counts)


class Part(NamedTuple):
    """Rows of all buckets in ascending order, in some files."""

    files: tuple[File, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows of all files."""
        return sum(file.n_rows for file in self.files)


class Account(NamedTuple):
    """Rows read, counted and dropped by reason, amounts rounded, and counted rows by local day.

    `by_day` is kept where the history is rolling; `too_late` rows were older than it.
    """

    read: int
    counted: int
    dropped: dict[str, int]
    amounts_rounded: int
    too_late: int
    by_day: dict[int, int]

    def plus(self, other: Account) -> Account:
        """Return both together."""
        reasons = dict.fromkeys([*self.dropped, *other.dropped])
        days = sorted({*self.by_day, *other.by_day})
        return Account(
            self.read + other.read,
            self.counted + other.counted,
            {each: self.dropped.get(each, 0) + other.dropped.get(each, 0) for each in reasons},
            self.amounts_rounded + other.amounts_rounded,
            self.too_late + other.too_late,
            {day: self.by_day.get(day, 0) + other.by_day.get(day, 0) for day in days},
        )


NOTHING = Account(0, 0, dict.fromkeys(REASONS[1:], 0), 0, 0, {})


class Batch(NamedTuple):
    """What one ingest added, while it can still be replaced.

    `most_orders` is the greatest number of orders of a row. `totals` are the batch's own; `orders`
    its distinct order ids, and `repeats` what these count less because batches before it hold the
    same orders; both empty without an order column. `distinct` are the rows that its orders have in
    the distinct columns; each of its files has rows of all buckets.
    """

    id: str
    fingerprints: tuple[str, ...]
    newest_day: int | None
    account: Account
    most_orders: int = 0
    totals: Part = Part()
    orders: Part = Part()
    repeats: Part = Part()
    distinct: Part = Part()


class Ledger(NamedTuple):
    """The files that say which batches were ever ingested, and how many these are.

    Each has at least twice the rows of the next one. Generations share files.
    """

    n_batches: int = 0
    files: tuple[File, ...] = ()


class ListedLedger(NamedTuple):
    """A ledger of format 1: the id and fingerprints of every batch, in no file.

    It is never written: the next generation has all ledgers in files.
    """

    entries: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def n_batches(self) -> int:
        """How many batches were ever ingested."""
        return len(self.entries)

    @property
    def files(self) -> tuple[File, ...]:
        """None."""
        return ()


class Generation(NamedTuple):
    """All that is known at one time.

    `base` are the totals of compacted batches, `settled` those of each batch since that is kept
    no longer, and what its orders counted less; `known` their orders that kept batches hold too.
    `account` and `newest_day` are those of all batches not kept, `most_settled` the sum of their
    `most_orders`. `ledger` has the id and fingerprints of every batch ever ingested, those it had
    before it was replaced among them. `first_day` is the oldest day of a rolling history.
    """

    number: int
    kinds: tuple[Any, ...] | None = None
    currencies: tuple[str, ...] = ()
    first_day: int | None = None
    newest_day: int | None = None
    account: Account = NOTHING
    most_settled: int = 0
    base: Part = Part()
    settled: tuple[Part, ...] = ()
    known: Part = Part()
    batches: tuple[Batch, ...] = ()
    ledger: Ledger | ListedLedger = Ledger()

    @property
    def last_day(self) -> int | None:
        """The newest day of a row that counted, or would have but for `refunds` and `zero`."""
        days = [self.newest_day, *(batch.newest_day for batch in self.batches)]
        return max((day for day in days if day is not None), default=None)

    @property
    def most_orders(self) -> int:
        """No customer, or customer's day, has more orders."""
        return self.most_settled + sum(batch.most_orders for batch in self.batches)

    @property
    def whole_account(self) -> Account:
        """The account of all rows ever ingested."""
        account = self.account
        for batch in self.batches:
            account = account.plus(batch.account)
        return account

    def has_batch_of(self, batch: str | None, fingerprints: tuple[str, ...]) -> bool:
        """Whether a batch that is kept consists of these files, of some at least."""
        kept = {each.id: each.fingerprints for each in self.batches}
        return bool(fingerprints) and kept.get(batch or "") == fingerprints

    def without(self, batch: str | None) -> Generation:
        """Return this without a batch that is kept; of the only one not even its kinds are left."""
        batches = tuple(each for each in self.batches if each.id != batch)
        rest = self._replace(batches=batches)
        if batches == self.batches or batches or self.base.files or self.settled:
            return rest
        return rest._replace(kinds=None, currencies=())

    @property
    def totals(self) -> list[Part]:
        """The parts that together are the totals."""
        kept = [part for batch in self.batches for part in (batch.totals, batch.repeats)]
        return [each for each in (self.base, *self.settled, *kept) if each.files]

    @property
    def files(self) -> list[File]:
        """Every file of the generation."""
        return [*self.customer_files, *self.ledger.files]

    @property
    def customer_files(self) -> list[File]:
        """The files that have rows of customers."""
        orders = [self.known, *(batch.orders for batch in self.batches)]
        rows = [batch.distinct for batch in self.batches]
        return [file for part in (*self.totals, *orders, *rows) for file in part.files]


class Manifest(NamedTuple):
    """What stays for good, and the generations that stand, the newest first."""

    options: dict[str, Any]
    history: str
    keep_batches: int
    keep: int
    hash_key: int
    generations: tuple[Generation, ...]

    @property
    def newest(self) -> Generation:
        """The state as it is."""
        return self.generations[0]

    def with_newest(self, newest: Generation) -> Manifest:
        """Return this with a generation more, and no more than are kept."""
        return self._replace(generations=(newest, *self.generations)[: self.keep])


def manifest_name(number: int) -> str:
    """Return the name of the document of a generation."""
    return f"manifest-{number:020}.json"


def text_of(manifest: Manifest) -> bytes:
    """Write a manifest, and before it the SHA-256 of what is written."""
    body = json.dumps({"format": FORMAT} | _plain(manifest), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{{"sha256": "{digest}", "state": {body}}}\n'.encode()


def manifest_of(text: bytes, name: str) -> Manifest:
    """Read a manifest; every bit of it is covered by the checksum.

    Raises
    ------
    StateError
        It is not as it was written, or of a later format.
    """
    try:
        found = _WRAPPED.fullmatch(text.decode())
    except UnicodeDecodeError:
        found = None
    if found is None or hashlib.sha256(found[2].encode()).hexdigest() != found[1]:
        raise StateError(
            f"{name} must be as it was written; got other bytes. Restore the state from a backup."
        )
    body = json.loads(found[2])
    if body["format"] not in range(1, FORMAT + 1):
        raise StateError(
            f"{name} must be of format {FORMAT} or older; got {body['format']}. "
            "Use a newer rfm-engine."
        )
    return Manifest(
        _options(body["options"], name),
        body["history"],
        body["keep_batches"],
        body["keep"],
        body["hash_key"],
        _each(body["generations"], _generation),
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _each(values: Sequence[Any], make: Callable[[Any], Made]) -> tuple[Made, ...]:
    return tuple(make(value) for value in values)


def _options(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the options with those that did not exist when the state was made."""
    unknown = [option for option in found if option not in DEFAULTS]
    if unknown:
        raise StateError(
            f"{name} must have options that this version knows; got {unknown[0]!r}. "
            "Use a newer rfm-engine."
        )
    return DEFAULTS | found


def _generation(found: dict[str, Any]) -> Generation:
    kinds = found["kinds"]
    return Generation(
        found["number"],
        None if kinds is None else tuple(kinds),
        tuple(found["currencies"]),
        found["first_day"],
        found["newest_day"],
        _account(found["account"]),
        found["most_settled"],
        _part(found["base"]),
        _each(found["settled"], _part),
        _part(found["known"]),
        _each(found["batches"], _batch),
        _ledger(found["ledger"]),
    )


def _ledger(found: Any) -> Ledger | ListedLedger:
    if isinstance(found, list):  # format 1
        return ListedLedger(_each(found, lambda entry: (entry[0], tuple(entry[1]))))
    return Ledger(found["n_batches"], _each(found["files"], _file))


def _batch(found: dict[str, Any]) -> Batch:
    return Batch(
        found["id"],
        tuple(found["fingerprints"]),
        found["newest_day"],
        _account(found["account"]),
        found["most_orders"],
        _part(found["totals"]),
        _part(found["orders"]),
        _part(found["repeats"]),
        _part(found.get("distinct", {"files": []})),  # unknown to states that are older
    )


def _part(found: dict[str, Any]) -> Part:
    return Part(_each(found["files"], _file))


def _file(found: dict[str, Any]) -> File:
    if DATA_FILE.fullmatch(found["name"]) is None:
        raise StateError(f"data files must have our names; got {found['name']!r} in a manifest.")
    counts = tuple(found["counts"])
    return File(
        found["name"], found["n_bytes"], found["crc32"], found["sha256"], found["first_bucket"],
        counts,
    )  # fmt: skip


def _account(found: dict[str, Any]) -> Account:
    days = {int(day): n for day, n in found["by_day"].items()}
    return Account(**found | {"by_day": days})
