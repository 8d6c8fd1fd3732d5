"""A state's folder: the newest manifest, the files it names, and how both change."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import re
import secrets
import weakref
import zlib
from collections.abc import Iterable
from pathlib import Path

from rfm_engine.errors import RfmError, StateError, UsageError, shown_cause
from rfm_engine.state.disk import Disk, LocalDisk, put
from rfm_engine.state.manifest import (
    DATA_FILE,
    File,
    Generation,
    Manifest,
    manifest_name,
    manifest_of,
    text_of,
)
from rfm_engine.state.place import MANIFEST

_DATA = "data"
_ASIDE = re.compile(r"aside-(\d+)-[0-9a-f]{16}")
# A writer that publishes and collects between two steps of a reader makes it begin again; that it
# does so this often, within the microseconds of opening some files, is no accident.
_MOST_TRIES = 100


class Store:
    """The folder of a state, on a disk.

    Data files never change and their names are never used again. A generation is published by
    giving its manifest, which is on disk by then, the next number as a name; two writers cannot
    both. Files that no manifest names are collected afterwards, but for those of generations to
    come: were there a second writer in spite of the lock, what it writes would stay.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self.disk: Disk = LocalDisk() if disk is None else disk

    @property
    def data(self) -> Path:
        """Where the data files stand."""
        return self.folder / _DATA

    def create(self, manifest: Manifest) -> None:
        """Make the folders, whose names then outlast a loss of power, and publish in them.

        A folder that is empty, or was left by a writer that did not come to publish, will do.

        Raises
        ------
        FileExistsError
            Something else is there.
        """
        for folder in (self.folder, self.data):
            try:
                self.disk.make_folder(folder)
            except FileExistsError:
                if not self._is_unfinished():
                    raise
        self.disk.sync_folder(self.folder)
        self.disk.sync_folder(self.folder.parent)
        self.publish(manifest)

    def newest(self) -> Manifest:
        """Read the newest manifest.

        Raises
        ------
        StateError
            There is none, or it is not as it was written.
        """
        for _ in range(_MOST_TRIES):
            numbers = self._numbers()
            if not numbers:
                raise self._empty()
            name = manifest_name(numbers[-1])
            try:
                text = self._read(self.folder / name)
            except FileNotFoundError:  # superseded and collected meanwhile
                continue
            manifest = manifest_of(bytes(text), str(self.folder / name))
            if manifest.newest.number != numbers[-1]:
                raise StateError(
                    f"{str(self.folder / name)!r} must be of the generation that its name says; "
                    f"got {manifest.newest.number}. Somebody renamed it: give it its name back."
                )
            return manifest
        raise StateError(f"{str(self.folder)!r} must hold still; got another manifest every time.")

    def refuse_missing(self) -> None:
        """Refuse a folder that is not there or has no manifest.

        Raises
        ------
        StateError
            It is so.
        """
        if not self._numbers():
            raise self._empty()

    def settle(self) -> None:
        """Return when the newest manifest is certain to stay.

        A writer before may have failed between giving it its name and syncing that: nothing is
        built on it, said to be in it, or taken away for it before.
        """
        self.disk.sync_folder(self.folder)

    def purge(self, manifest: Manifest) -> None:
        """Collect, and return when what was taken away would stay away after a loss of power."""
        self.collect(manifest)
        self.disk.sync_folder(self.data)
        self.disk.sync_folder(self.folder)

    def add(
        self, number: int, role: str, first_bucket: int, counts: Iterable[int], data: memoryview
    ) -> File:
        """Write a data file of a generation, whose bytes then outlast a loss of power."""
        name = f"{role}-{number}-{secrets.token_hex(8)}.parquet"
        digest = hashlib.sha256(data).hexdigest()
        self._put(self.data / name, data)
        return File(name, len(data), zlib.crc32(data), digest, first_bucket, tuple(counts))

    def publish(self, manifest: Manifest) -> None:
        """Make a manifest the newest.

        Raises
        ------
        StateError
            Another writer was there before.
        """
        self.disk.sync_folder(self.data)
        number = manifest.newest.number
        aside = self.folder / f"aside-{number}-{secrets.token_hex(8)}"
        self._put(aside, text_of(manifest))
        try:
            self.disk.link(aside, self.folder / manifest_name(number))
        except (FileExistsError, FileNotFoundError):  # or has it collected ours meanwhile
            raise StateError(
                f"state {str(self.folder)!r} must be at generation {number - 1}; got another "
                "writer's already. Run this again."
            ) from None
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise StateError(
                    f"state {str(self.folder)!r} must stand on a file system with hard links; got "
                    f"{os.strerror(error.errno).lower()}. Take one such as ext4, XFS or APFS."
                ) from error
            raise
        finally:
            self.discard([aside])
        self.disk.sync_folder(self.folder)

    def is_published(self, number: int) -> bool:
        """Whether a generation has a manifest, or that cannot be said."""
        try:
            return manifest_name(number) in self.disk.names(self.folder)
        except OSError:
            return True

    def collect(self, manifest: Manifest, *, all_generations: bool = False) -> list[str]:
        """Take away files that the newest manifest, which is certain to stay, does not name.

        Those of generations to come stay, unless so asked. Return the names.
        """
        newest = manifest.newest.number
        last = math.inf if all_generations else newest
        named = {file.name for each in manifest.generations for file in each.files}
        here = sorted(self.disk.names(self.folder))
        gone = [
            self.data / name
            for name in sorted(self.disk.names(self.data))
            if name not in named and _is_until(last, DATA_FILE.fullmatch(name))
        ]
        gone += [self.folder / name for name in here if _is_until(last, _ASIDE.fullmatch(name))]
        gone += [self.folder / n for n in here if _is_until(newest - 1, MANIFEST.fullmatch(n))]
        for path in gone:
            self.disk.remove(path)
        return [str(path.relative_to(self.folder)) for path in gone]

    def discard(self, paths: Iterable[Path]) -> None:
        """Take away files that no manifest names, as far as the disk lets us."""
        for path in paths:
            try:
                self.disk.remove(path)
            except OSError:
                continue

    def read(self, file: File) -> memoryview:
        """Return the bytes of a data file, checked; from any thread.

        Raises
        ------
        StateError
            It is not there, or not as it was written.
        """
        try:
            data = self._read(self.data / file.name)
        except FileNotFoundError:
            raise self.missing(file) from None
        return self.checked(file, data)

    def _put(self, path: Path, data: bytes | memoryview) -> None:
        """Write a file; what there is of it is taken away when that fails."""
        try:
            put(self.disk, path, data)
        except OSError as error:
            self.discard([path])
            raise OSError(error.errno, error.strerror, str(path)) from error
        except BaseException:  # Ctrl-C too: no litter
            self.discard([path])
            raise

    def checked(self, file: File, data: memoryview) -> memoryview:
        """Return the bytes of a data file if they are what was written.

        Raises
        ------
        StateError
            They are not; the file is named.
        """
        if len(data) != file.n_bytes or zlib.crc32(data) != file.crc32:
            raise StateError(
                f"{str(self.data / file.name)!r} must be as it was written; got other bytes. "
                "Restore the state from a backup; rfm state verify lists all such files."
            )
        return data

    def read_with_care(self, file: File) -> memoryview:
        """Do what `read` does, and compare what no two files have in common."""
        data = self.read(file)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise StateError(
                f"{str(self.data / file.name)!r} must be as it was written; got another file "
                "of its length and CRC. Restore the state from a backup."
            )
        return data

    def missing(self, file: File) -> StateError:
        """Return the error of a file that is not there."""
        return StateError(
            f"{str(self.data / file.name)!r} must be there; got no such file. "
            "Restore the state from a backup."
        )

    def _empty(self) -> StateError:
        return StateError(
            f"{str(self.folder)!r} must be a state; got no manifest in it. "
            "Create one with rfm state create, or look whether the disk is mounted."
        )

    def _is_unfinished(self) -> bool:
        names = self.disk.names(self.folder)
        if any(name != _DATA and _ASIDE.fullmatch(name) is None for name in names):
            return False
        return _DATA not in names or not self.disk.names(self.data)

    def _numbers(self) -> list[int]:
        try:
            names = self.disk.names(self.folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StateError(
                f"state {str(self.folder)!r} must be there; got {shown_cause(error)}"
                ". Create it with rfm state create, or look whether the disk is mounted."
            ) from error
        found = (MANIFEST.fullmatch(name) for name in names)
        return sorted(int(match[1]) for match in found if match)

    def _read(self, path: Path) -> memoryview:
        file = self.disk.open(path)
        try:
            return self.read_opened(file, path)
        finally:
            self.disk.close(file)

    def read_opened(self, file: int, path: Path) -> memoryview:
        """Return the bytes of a file that is open; what fails names it."""
        try:
            return self.disk.read(file)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


class Current:
    """The newest generation as its only writer sees it: nobody takes files away meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.manifest = store.newest()

    @property
    def generation(self) -> Generation:
        """What is known."""
        return self.manifest.newest

    def read(self, file: File) -> memoryview:
        """Return the bytes of a data file, checked; from any thread."""
        return self._store.read(file)


class Snapshot:
    """A generation whose totals are open: no writer can take them away.

    What cannot be opened is said when it is read.

    Attributes
    ----------
    manifest
        The document whose newest generation this is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_open = True
        self._files: dict[str, int] = {}
        self._failed: dict[str, OSError] = {}
        weakref.finalize(self, _close, store.disk, self._files)
        for _ in range(_MOST_TRIES):
            self.manifest = store.newest()
            self._open()
            if not any(isinstance(error, FileNotFoundError) for error in self._failed.values()):
                return
            if store.newest().newest.number == self.manifest.newest.number:
                return
        raise StateError(f"{str(store.folder)!r} must hold still; got another state every time.")

    @property
    def generation(self) -> Generation:
        """What is known."""
        return self.manifest.newest

    def read(self, file: File) -> memoryview:
        """Return the bytes of a data file, checked; from any thread."""
        if not self._is_open:
            raise UsageError(
                f"state {str(self._store.folder)!r} must be open to be read; got a closed one. "
                "Open it again."
            )
        failed = self._failed.get(file.name)
        if failed is not None:
            raise self._error_of(file, failed)
        path = self._store.data / file.name
        data = self._store.read_opened(self._files[file.name], path)
        return self._store.checked(file, data)

    def close(self) -> None:
        """Let go of the files; they cannot be read through this any more."""
        self._is_open = False
        _close(self._store.disk, self._files)

    def _open(self) -> None:
        """Open all files anew."""
        _close(self._store.disk, self._files)
        self._failed = {}
        names = [file.name for part in self.generation.totals for file in part.files]
        for name in names:
            try:
                self._files[name] = self._store.disk.open(self._store.data / name)
            except OSError as error:
                self._failed[name] = error
                if error.errno == errno.EMFILE:  # and leave some for what comes next
                    _close(self._store.disk, self._files)
                    self._failed = dict.fromkeys(names, error)
                    return

    def _error_of(self, file: File, failed: OSError) -> Exception:
        if isinstance(failed, FileNotFoundError):
            return self._store.missing(file)
        if failed.errno == errno.EMFILE:
            return RfmError(
                f"state {str(self._store.folder)!r} must have its {len(self._failed)} "
                f"files open at once; got {shown_cause(failed)}. Raise the limit (ulimit -n)."
            )
        return OSError(failed.errno, failed.strerror, str(self._store.data / file.name))


def _is_until(last: float, found: re.Match[str] | None) -> bool:
    """Whether a name is one of ours, of a generation up to the last one."""
    return found is not None and int(found[1]) <= last


def _close(disk: Disk, files: dict[str, int]) -> None:
    while files:
        disk.close(files.popitem()[1])
