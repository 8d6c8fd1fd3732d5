"""Keep the newest snapshot open: a replaced file is opened beside the old one, and then swapped."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from stat import S_ISFIFO
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from rfm_engine.errors import RfmError, UsageError, shown_cause
from rfm_engine.options.messages import message, named
from rfm_engine.serve.lookup import Lookup, refuse_other_ids
from rfm_engine.serve.mapped_file import Identity, identity_of
from rfm_engine.serve.report_files import read_report

T = TypeVar("T")
Paths: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None
SECONDS_BETWEEN_CHECKS = 1.0
DATES = ("as_of", "previous_as_of")
"""The dates in an answer about a customer, beside the columns of the customer."""


class Served(NamedTuple):
    """What is served at one time. A request reads it once, and so never mixes two snapshots.

    Attributes
    ----------
    lookup
        The customers.
    before
        The customers at an earlier date; None without them.
    report
        The report page, HTML in UTF-8; None without one.
    report_json
        The report document, JSON in UTF-8; None without one.
    written
        When the file of customers was written, in seconds since 1970.
    """

    lookup: Lookup
    before: Lookup | None
    report: bytes | None
    report_json: bytes | None
    written: float


class Snapshots:
    """A file of customers, and files beside it, each in its newest version that can be used.

    Files must be replaced by renaming another file, as `rfm score -o` does. A file that is written
    over while it is open ends the process.

    Parameters
    ----------
    path
        Customers that `rfm score --sort customer -o customers.arrow` wrote.
    before
        The same of an earlier date, with ids of the same type.
    report
        A `.html` page or a `.json` document of `rfm report`, or a list of one of each.
    seconds
        Time between two checks of `watch`.

    Attributes
    ----------
    current
        What is served: read it once per request.
    error
        Why the newest version of a file is not used; None if all are.
    n_swaps
        How often a newer version replaced an older one.

    Raises
    ------
    UsageError, DataError
        A file is missing, damaged or of another kind.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        before: str | os.PathLike[str] | None = None,
        report: Paths = None,
        *,
        seconds: float = SECONDS_BETWEEN_CHECKS,
    ) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._customers = _Opened.of("snapshot", path, _warm)
        self._before = None if before is None else _Opened.of(named("before"), before, _warm_before)
        self._reports = [_Opened.of(named("report"), each, read_report) for each in _listed(report)]
        if len({each.value.is_page for each in self._reports}) < len(self._reports):
            raise UsageError(
                message(
                    "{report} must be at most one page and one document; got {} files, of which "
                    "two are of the same kind. Leave one out.",
                    len(self._reports),
                )
            )
        _check_pair(self._customers.value, self._before and self._before.value)
        self.error: str | None = None
        self.n_swaps = 0
        self.current = self._served()

    def refresh(self) -> bool:
        """Open the files that were replaced, and serve them; return whether any was.

        A file that cannot be used leaves its older version in use, and `error` says why. It is
        tried again by the next call.
        """
        with self._lock:
            errors: list[str] = []
            customers = _newest(self._customers, errors, _check_replacement)
            before = self._before and _newest(self._before, errors)
            reports = [_newest(each, errors) for each in self._reports]
            try:
                _check_pair(customers.value, before and before.value)
            except UsageError as error:
                errors.append(str(error))
                customers, before = self._customers, self._before
            old = [self._customers, self._before, *self._reports]
            is_newer = any(
                a is not b for a, b in zip([customers, before, *reports], old, strict=True)
            )
            if is_newer:
                self._customers, self._before, self._reports = customers, before, reports
                self.current = self._served()
                self.n_swaps += 1
            self.error = " ".join(errors) or None
            return is_newer

    async def watch(self) -> None:
        """Call `refresh` every second, until the task is cancelled; requests go on meanwhile."""
        while True:
            await asyncio.sleep(self._seconds)
            await asyncio.to_thread(self.refresh)

    def _served(self) -> Served:
        pages = {each.value.is_page: each.value.content for each in self._reports}
        return Served(
            self._customers.value,
            None if self._before is None else self._before.value,
            pages.get(True),
            pages.get(False),
            self._customers.identity.mtime_ns / 1e9,
        )


class _Opened(NamedTuple, Generic[T]):
    """One version of a file, and what was read from it."""

    what: str
    path: Path
    open: Callable[[Path], T]
    identity: Identity
    value: T

    @classmethod
    def of(cls, what: str, path: str | os.PathLike[str], opened: Callable[[Path], T]) -> _Opened[T]:
        """Open a file. Its identity is read first, so that a newer version is noticed later."""
        place = Path(path)
        identity = _identity_of(what, place)
        return cls(what, place, opened, identity, opened(place))


def _newest(
    opened: _Opened[T], errors: list[str], check: Callable[[T, T], None] | None = None
) -> _Opened[T]:
    """Return a file in its newest version, or else as it is; add the error to `errors`.

    `check` refuses a newer version that cannot replace the older one.
    """
    try:
        if _identity_of(opened.what, opened.path) == opened.identity:
            return opened
        newest = _Opened.of(opened.what, opened.path, opened.open)
        if check is not None:
            check(opened.value, newest.value)
        return newest
    except (RfmError, OSError) as error:
        errors.append(str(error))
        return opened


def _identity_of(what: str, path: Path) -> Identity:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise UsageError(
            message(
                "{} must exist; got {!r}: {}. Check the path.", what, str(path), shown_cause(error)
            )
        ) from None
    if S_ISFIFO(found.st_mode):  # to open it would wait for a writer
        raise UsageError(
            message("{} must be a file; got the pipe {!r}. Check the path.", what, str(path))
        )
    return identity_of(found)


def _warm(path: Path) -> Lookup:
    """Open customers, and read their ids, so that the first lookups do not wait for the disk."""
    lookup = Lookup(path)
    taken = [name for name in DATES if name in lookup.schema.names]
    if taken:
        raise UsageError(
            f"columns of customers must not have the names {' and '.join(DATES)}, which answers "
            f"have; got {taken[0]} in {str(path)!r}. Rename the column in the input."
        )
    lookup.warm()
    return lookup


def _warm_before(path: Path) -> Lookup:
    """Open the customers of an earlier date; errors name the option."""
    try:
        return _warm(path)
    except RfmError as error:
        raise type(error)(message("{before}: {}", error.args[0])) from None


def _listed(report: Paths) -> list[str | os.PathLike[str]]:
    if report is None:
        return []
    return [report] if isinstance(report, str | os.PathLike) else list(report)


def _check_replacement(old: Lookup, new: Lookup) -> None:
    """Refuse a newer file whose customers are identified in another way."""
    refuse_other_ids(old.snapshot, new.snapshot)


def _check_pair(lookup: Lookup, before: Lookup | None) -> None:
    """Refuse an earlier snapshot whose customers are identified in another way."""
    if before is None:
        return
    n_ids = [1 if each.snapshot.options["by"] is None else 2 for each in (lookup, before)]
    now, then = (
        [each.schema.types[n] for n in range(number)]
        for each, number in zip((lookup, before), n_ids, strict=True)
    )
    if now != then:
        raise UsageError(
            f"earlier snapshot {str(before.path)!r} must have ids of type "
            f"{' and '.join(map(str, now))}, as {str(lookup.path)!r}; got "
            f"{' and '.join(map(str, then))}. Score both with the same options."
        )
    has_all = [each.snapshot.overall is not None for each in (lookup, before)]
    if has_all == [True, False]:
        raise UsageError(
            f"earlier snapshot {str(before.path)!r} must have rows of all groups together, as "
            f"{str(lookup.path)!r}; got none. Score both with the same options."
        )
