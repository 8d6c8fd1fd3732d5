"""The manifest: what a state consists of, in one JSON document with a checksum.

The manifest of a generation names every file of this generation and of the older generations that
can still be restored. It is published as a whole, so that a state changes at one moment.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from rfm_engine.errors import StateError
from rfm_engine.orders.judge import REASONS
from rfm_engine.orders.sources.table_places import DELTA
from rfm_engine.state.options import DEFAULTS

FORMAT = 2
"""The format that is written. Format 1, which lists the ledger in the manifest, is read too."""
DATA_FILE = re.compile(
    r"(?:totals|orders|repeats|known|distinct|ledger)-(\d+)-[0-9a-f]{16}\.parquet"
)
"""Name of a data file; the group is the number of the generation that it was written for."""
ORDER_ROLES = ("orders", "known")
"""Roles of files whose rows are distinct orders."""
DISTINCT_ROLE = "distinct"
"""Role of files with the distinct rows."""
LEDGER_ROLE = "ledger"
"""Role of files that list the ingested batches and files. All other roles contain totals."""
_WRAPPED = re.compile(r'\{"sha256": "([0-9a-f]{64})", "state": (.*)\}\n', re.DOTALL)

Made = TypeVar("Made")


class File(NamedTuple):
    """A Parquet file; `counts[i]` is the number of rows in bucket `first_bucket + i`.

    A file of the ledger has no buckets: `counts` is the number of its rows, `first_bucket` is 0.

    Readers compare `crc32`, which detects every flipped bit and takes a quarter of the time of
    `sha256`. `verify` compares `sha256` too, which is different for every file.
    """

    name: str
    n_bytes: int
    crc32: int
    sha256: str
    first_bucket: int
    counts: tuple[int, ...]

    @property
    def role(self) -> str:
        """What it contains: `totals`, `repeats`, `orders`, `known`, `distinct` or `ledger`."""
        return self.name.partition("-")[0]

    @property
    def n_rows(self) -> int:
        """Number of rows in all buckets."""
        return sum(self.counts)


class Part(NamedTuple):
    """Rows of all buckets in ascending order, stored in any number of files."""

    files: tuple[File, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows in all files."""
        return sum(file.n_rows for file in self.files)


class Account(NamedTuple):
    """Numbers of rows read, counted and dropped by reason, and of rounded amounts.

    `by_day` contains the counted rows per local day if the history is rolling. `too_late` rows
    were older than the history.
    """

    read: int
    counted: int
    dropped: dict[str, int]
    amounts_rounded: int
    too_late: int
    by_day: dict[int, int]

    def plus(self, other: Account) -> Account:
        """Return the sum of both accounts."""
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
    """What one ingest added, as long as it is kept.

    `most_orders` is the greatest number of orders in a row. `totals` are the totals of this batch
    alone. `orders` are its distinct order ids, and `repeats` correct their number because earlier
    batches contain the same orders; both are empty without an order column. `distinct` are its
    distinct rows; each of these files has rows of all buckets.
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

    @property
    def can_be_replaced(self) -> bool:
        """Whether other rows can replace this batch: not if it is a version of a table."""
        return not any(mark.startswith(DELTA) for mark in self.fingerprints)


class Ledger(NamedTuple):
    """The files that list all batches ever ingested, and the number of these batches.

    Each file has at least twice as many rows as the next one. Generations share files.
    """

    n_batches: int = 0
    files: tuple[File, ...] = ()


class ListedLedger(NamedTuple):
    """A ledger of format 1: the id and fingerprints of every batch, listed in the manifest.

    It is never written: the next generation stores all ledgers in files.
    """

    entries: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def n_batches(self) -> int:
        """Number of batches ever ingested."""
        return len(self.entries)

    @property
    def files(self) -> tuple[File, ...]:
        """An empty tuple, because the ledger is in the manifest."""
        return ()


class Generation(NamedTuple):
    """The contents of a state at one time.

    A batch that is not kept any more is settled. `base` contains the totals of compacted batches.
    `settled` contains the totals and the `repeats` of each batch that was settled since then.
    `known` contains the orders of settled batches that kept batches contain too. `account` and
    `newest_day` are those of all settled batches, and `most_settled` is the sum of their
    `most_orders`. `ledger` contains the id and the fingerprints of every batch ever ingested,
    including those that it had before it was replaced. `first_day` is the oldest day of a rolling
    history.
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
        """The newest day of rows that were counted, or dropped only by `refunds` or `zero`."""
        days = [self.newest_day, *(batch.newest_day for batch in self.batches)]
        return max((day for day in days if day is not None), default=None)

    @property
    def most_orders(self) -> int:
        """Upper bound of the orders of a customer, or of a customer on one day."""
        return self.most_settled + sum(batch.most_orders for batch in self.batches)

    @property
    def whole_account(self) -> Account:
        """The account of all rows ever ingested."""
        account = self.account
        for batch in self.batches:
            account = account.plus(batch.account)
        return account

    def has_batch_of(self, batch: str | None, fingerprints: tuple[str, ...]) -> bool:
        """Whether a kept batch consists of exactly these files; False if there are no files."""
        kept = {each.id: each.fingerprints for each in self.batches}
        return bool(fingerprints) and kept.get(batch or "") == fingerprints

    def without(self, batch: str | None) -> Generation:
        """Return this generation without a kept batch, and without kinds if no batch is left."""
        batches = tuple(each for each in self.batches if each.id != batch)
        rest = self._replace(batches=batches)
        if batches == self.batches or batches or self.base.files or self.settled:
            return rest
        return rest._replace(kinds=None, currencies=())

    @property
    def totals(self) -> list[Part]:
        """The parts that add up to the totals."""
        kept = [part for batch in self.batches for part in (batch.totals, batch.repeats)]
        return [each for each in (self.base, *self.settled, *kept) if each.files]

    @property
    def files(self) -> list[File]:
        """All files of the generation."""
        return [*self.customer_files, *self.ledger.files]

    @property
    def customer_files(self) -> list[File]:
        """The files with rows of customers."""
        orders = [self.known, *(batch.orders for batch in self.batches)]
        rows = [batch.distinct for batch in self.batches]
        return [file for part in (*self.totals, *orders, *rows) for file in part.files]


class Manifest(NamedTuple):
    """The settings fixed at creation, and the kept generations, the newest first."""

    options: dict[str, Any]
    history: str
    keep_batches: int
    keep: int
    hash_key: int
    generations: tuple[Generation, ...]

    @property
    def newest(self) -> Generation:
        """The newest generation."""
        return self.generations[0]

    def with_newest(self, newest: Generation) -> Manifest:
        """Return this manifest with one more generation, and at most `keep` of them."""
        return self._replace(generations=(newest, *self.generations)[: self.keep])


def manifest_name(number: int) -> str:
    """Return the file name of the manifest of a generation."""
    return f"manifest-{number:020}.json"


def text_of(manifest: Manifest) -> bytes:
    """Encode a manifest as JSON, preceded by the SHA-256 of this JSON."""
    body = json.dumps({"format": FORMAT} | _plain(manifest), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(body.encode()).hexdigest()
    return f'{{"sha256": "{digest}", "state": {body}}}\n'.encode()


def manifest_of(text: bytes, name: str) -> Manifest:
    """Decode a manifest; its checksum covers every bit.

    Raises
    ------
    StateError
        It is damaged, was changed, or has a later format.
    """
    try:
        found = _WRAPPED.fullmatch(text.decode())
    except UnicodeDecodeError:
        found = None
    if found is None or hashlib.sha256(found[2].encode()).hexdigest() != found[1]:
        raise StateError(
            f"{name} must be unchanged; got other bytes. Restore the state from a backup."
        )
    body = json.loads(found[2])
    if body["format"] not in range(1, FORMAT + 1):
        raise StateError(
            f"{name} must have format {FORMAT} or older; got {body['format']}. "
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
    """Return the options, with defaults for those that were added after the state was created."""
    unknown = [option for option in found if option not in DEFAULTS]
    if unknown:
        raise StateError(
            f"{name} must have only options that this version supports; got {unknown[0]!r}. "
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
        _part(found.get("distinct", {"files": []})),  # older states do not have it
    )


def _part(found: dict[str, Any]) -> Part:
    return Part(_each(found["files"], _file))


def _file(found: dict[str, Any]) -> File:
    if DATA_FILE.fullmatch(found["name"]) is None:
        raise StateError(f"data files must have valid names; got {found['name']!r} in a manifest.")
    counts = tuple(found["counts"])
    return File(
        found["name"], found["n_bytes"], found["crc32"], found["sha256"], found["first_bucket"],
        counts,
    )  # fmt: skip


def _account(found: dict[str, Any]) -> Account:
    days = {int(day): n for day, n in found["by_day"].items()}
    return Account(**found | {"by_day": days})
