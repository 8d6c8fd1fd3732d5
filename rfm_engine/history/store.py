"""The folder of a history: units that are replaced together or not at all.

A unit is a folder below the history, for example `as_of=2026-10-31` or `events/as_of=2026-10-31`.
Its file `summary.json` has the checksums of its other files.

A transaction writes new units to a temporary folder, syncs them, and renames the folder to
`.pending`. This is the moment from which the history is the new one. Then each unit is moved to its
place. If the process is killed meanwhile, readers find the units in `.pending`, and the next writer
moves them.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from rfm_engine.errors import StateError
from rfm_engine.history.files import Files
from rfm_engine.history.sealed import file_digest, read_sealed, sealed

ABOUT = "history.json"
SUMMARY = "summary.json"
_DATE = "as_of="
_PENDING, _TEMPORARY, _OLD, _MOVES = ".pending", ".tmp-", ".old", "moves.json"


def unit_of(day: date | str, parent: str = "") -> str:
    """Return the unit of a date, below a folder of the history if `parent` is given."""
    return f"{parent}/{_DATE}{day}" if parent else f"{_DATE}{day}"


def day_of(unit: str) -> str | None:
    """Return the date of the unit of a snapshot; None for other units."""
    return unit.removeprefix(_DATE) if unit.startswith(_DATE) else None


def is_history(place: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder with a history, finished or not."""
    folder = Path(place)
    return (folder / ABOUT).exists() or (folder / _PENDING / ABOUT).exists()


def is_left(place: Path) -> bool:
    """Whether a path in a history is the temporary folder of a writer."""
    return place.name.startswith(_TEMPORARY)


class Store:
    """A folder of units.

    Attributes
    ----------
    folder
        The folder.
    """

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.folder = folder
        self._files = files or Files()

    def place(self, unit: str) -> Path:
        """Return where a unit or a file is: in its place, or still in the pending transaction."""
        pending = self.folder / _PENDING / unit
        return pending if pending.exists() else self.folder / unit

    def units(self, parent: str = "") -> list[str]:
        """Return the units directly below a folder of the history that have a summary, sorted."""
        found = set()
        for base in (self.folder, self.folder / _PENDING):
            for each in (base / parent).glob(f"{_DATE}*"):
                if (each / SUMMARY).is_file():
                    found.add(each.relative_to(base).as_posix())
        return sorted(found)

    def all_units(self) -> list[str]:
        """Return all units of the history, sorted."""
        found = set()
        for base in (self.folder, self.folder / _PENDING):
            for each in base.rglob(SUMMARY):
                unit = each.parent.relative_to(base)
                if not any(part.startswith(".") for part in unit.parts):
                    found.add(unit.as_posix())
        return sorted(found)

    def without_summary(self) -> list[str]:
        """Return folders of dates that are ignored because they have no summary, sorted."""
        found = []
        for each in self.folder.rglob(f"{_DATE}*"):
            unit = each.relative_to(self.folder)
            is_hidden = any(part.startswith(".") for part in unit.parts)
            if each.is_dir() and not is_hidden and not (each / SUMMARY).is_file():
                found.append(unit.as_posix())
        return sorted(found)

    def about(self) -> dict[str, Any]:
        """Return the content of `history.json`.

        Raises
        ------
        StateError
            There is no history in the folder, or the file is damaged.
        """
        if not self.place(ABOUT).exists():
            raise StateError(
                f"history {str(self.folder)!r} must be a folder with {ABOUT}; got none. "
                "Create it with rfm history create."
            )
        return read_sealed(self.place(ABOUT), f"history {str(self.folder)!r}")

    def summary(self, unit: str) -> dict[str, Any]:
        """Return the summary of a unit.

        Raises
        ------
        StateError
            It is missing or damaged.
        """
        return read_sealed(self.place(unit) / SUMMARY, f"history {str(self.folder)!r}")

    def faults(self, unit: str) -> list[str]:
        """Return one line per damaged, changed, missing or unknown file of a unit."""
        place = self.place(unit)
        try:
            known = self.summary(unit)["files"]
        except StateError as error:
            return [str(error)]
        found = []
        for name, digest in known.items():
            if not (place / name).is_file():
                found.append(f"{unit}/{name} is missing")
            elif file_digest(place / name) != digest:
                found.append(f"{unit}/{name} is damaged or was changed")
        others = {each.name for each in place.iterdir()} - {*known, SUMMARY}
        return found + [f"{unit}/{name} is not a file of the history" for name in sorted(others)]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the history against other writers, for several transactions.

        Raises
        ------
        StateError
            Another writer has locked it.
        """
        with self._files.locked(self.folder):
            yield

    @contextmanager
    def writing(
        self, *, is_locked: bool = False, note: str = "The history is unchanged."
    ) -> Iterator[Transaction]:
        """Yield a transaction; if the context ends without an error, it is published.

        `is_locked` says that the caller has locked the history. `note` says after an error of the
        machine what the history has.

        Raises
        ------
        StateError
            Another process is writing.
        """
        with nullcontext() if is_locked else self.locked():
            self._finish_pending()
            for left in self.folder.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(left)
            transaction = Transaction(self, self.folder / f"{_TEMPORARY}{secrets.token_hex(4)}")
            try:
                yield transaction
                transaction.publish(self._files, self.folder / _PENDING)
            except OSError as error:
                error.__notes__ = [note]  # others are about files of the transaction
                raise
            finally:
                shutil.rmtree(transaction.folder, ignore_errors=True)
            self._finish_pending()

    def _finish_pending(self) -> None:
        """Move the units of a published transaction to their places."""
        pending = self.folder / _PENDING
        if not pending.exists():
            return
        moves = pending / _MOVES
        units = json.loads(moves.read_text("utf-8")) if moves.exists() else []
        for number, unit in enumerate(units):
            new, target = pending / unit, self.folder / unit
            if not new.exists():
                continue
            if target.exists():
                (pending / _OLD).mkdir(exist_ok=True)
                self._files.rename(target, pending / _OLD / str(number))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
            self._files.rename(new, target)
            self._files.sync(target.parent)
        self._files.sync(self.folder)
        if moves.exists():
            self._files.remove(moves)
        shutil.rmtree(pending)


class Transaction:
    """New units, which replace those of the same names together or not at all.

    Attributes
    ----------
    folder
        The temporary folder of the new units.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self.folder = folder
        self._names: list[str] = []

    def folder_of(self, unit: str) -> Path:
        """Return a new empty folder for a unit."""
        place = self.folder / unit
        place.mkdir(parents=True)
        self._names.append(unit)
        return place

    @property
    def history(self) -> Path:
        """The folder of the history."""
        return self._store.folder

    def published_summary(self, unit: str) -> dict[str, Any]:
        """Return the summary of the published version of a unit.

        Raises
        ------
        StateError
            It is missing or damaged.
        """
        return self._store.summary(unit)

    def file(self, name: str) -> Path:
        """Return the place for a new file that belongs to no unit."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        self._names.append(name)
        return place

    def place(self, unit: str) -> Path:
        """Return where a unit is: its new version if there is one, else the published one."""
        own = self.folder / unit
        return own if own.exists() else self._store.place(unit)

    def seal(self, unit: str, about: dict[str, Any]) -> None:
        """Write the summary of a unit: `about`, and the checksums of the files of the unit."""
        place = self.folder / unit
        files = {each.name: file_digest(each) for each in sorted(place.iterdir())}
        (place / SUMMARY).write_text(sealed({**about, "files": files}), "utf-8")

    def seal_history(self, about: dict[str, Any]) -> None:
        """Write a new `history.json`."""
        self.file(ABOUT).write_text(sealed(about), "utf-8")

    def discard(self) -> None:
        """Forget the new units, so that nothing is published."""
        self._names = []

    def publish(self, files: Files, pending: Path) -> None:
        """Sync all new units and publish them with one rename."""
        if not self._names:
            return
        (self.folder / _MOVES).write_text(json.dumps(self._names), "utf-8")
        for each in sorted(self.folder.rglob("*")):
            files.sync(each)
        files.sync(self.folder)
        files.rename(self.folder, pending)
        files.sync(pending.parent)
