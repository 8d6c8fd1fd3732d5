"""The folder of a state: the newest manifest, the files it names, and how both change."""

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
# A reader starts again when a writer publishes and deletes files between two steps of the reader.
# These steps take microseconds, so this number of restarts is not a coincidence.
_MOST_TRIES = 100


class Store:
    """The folder of a state, on a disk.

    Data files never change, and their names are never used again. To publish a generation, its
    manifest, which is already on disk, gets the next number as its name. Two writers cannot both
    get this name. Files that no manifest names are deleted afterwards, except for files of later
    generations: if a second writer runs in spite of the lock, its files are not deleted.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self.disk: Disk = LocalDisk() if disk is None else disk

    @property
    def data(self) -> Path:
        """The folder of the data files."""
        return self.folder / _DATA

    def create(self, manifest: Manifest) -> None:
        """Create the folders, so that their names survive a power loss, and publish a manifest.

        The folder may exist if it is empty, or if a writer left it before it published a manifest.

        Raises
        ------
        FileExistsError
            The folder contains something else.
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
            There is no manifest, or it is damaged or was changed.
        """
        for _ in range(_MOST_TRIES):
            numbers = self._numbers()
            if not numbers:
                raise self._empty()
            name = manifest_name(numbers[-1])
            try:
                text = self._read(self.folder / name)
            except FileNotFoundError:  # a writer has replaced and deleted it meanwhile
                continue
            manifest = manifest_of(bytes(text), str(self.folder / name))
            if manifest.newest.number != numbers[-1]:
                raise StateError(
                    f"{str(self.folder / name)!r} must contain the generation in its name; "
                    f"got {manifest.newest.number}. The file was renamed: restore its name."
                )
            return manifest
        raise StateError(
            f"{str(self.folder)!r} must not change while it is opened; got new contents each time."
        )

    def refuse_missing(self) -> None:
        """Raise an error if the folder does not exist or has no manifest.

        Raises
        ------
        StateError
            The folder does not exist or has no manifest.
        """
        if not self._numbers():
            raise self._empty()

    def settle(self) -> None:
        """Return when the newest manifest is certain to survive a power loss.

        An earlier writer may have failed after it named the manifest and before it synced the
        folder. Nothing may be based on the manifest, reported from it or deleted because of it
        before the folder is synced.
        """
        self.disk.sync_folder(self.folder)

    def purge(self, manifest: Manifest) -> None:
        """Delete unused files; return when the deletion is certain to survive a power loss."""
        self.collect(manifest)
        self.disk.sync_folder(self.data)
        self.disk.sync_folder(self.folder)

    def add(
        self, number: int, role: str, first_bucket: int, counts: Iterable[int], data: memoryview
    ) -> File:
        """Write a data file of a generation, so that its bytes survive a power loss."""
        name = f"{role}-{number}-{secrets.token_hex(8)}.parquet"
        digest = hashlib.sha256(data).hexdigest()
        self._put(self.data / name, data)
        return File(name, len(data), zlib.crc32(data), digest, first_bucket, tuple(counts))

    def publish(self, manifest: Manifest) -> None:
        """Make a manifest the newest.

        Raises
        ------
        StateError
            Another writer has published a generation with this number.
        """
        self.disk.sync_folder(self.data)
        number = manifest.newest.number
        aside = self.folder / f"aside-{number}-{secrets.token_hex(8)}"
        self._put(aside, text_of(manifest))
        try:
            self.disk.link(aside, self.folder / manifest_name(number))
        except (FileExistsError, FileNotFoundError):  # not found: another writer deleted ours
            raise StateError(
                f"state {str(self.folder)!r} must be at generation {number - 1}; got a newer one "
                "from another writer. Run this again."
            ) from None
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise StateError(
                    f"state {str(self.folder)!r} must be on a file system with hard links; got "
                    f"{os.strerror(error.errno).lower()}. Use, for example, ext4, XFS or APFS."
                ) from error
            raise
        finally:
            self.discard([aside])
        self.disk.sync_folder(self.folder)

    def is_published(self, number: int) -> bool:
        """Whether a generation has a manifest; True if the folder cannot be read."""
        try:
            return manifest_name(number) in self.disk.names(self.folder)
        except OSError:
            return True

    def collect(self, manifest: Manifest, *, all_generations: bool = False) -> list[str]:
        """Delete files that the newest manifest does not name; return their names.

        The manifest must be certain to survive a power loss. Files of later generations are not
        deleted, unless `all_generations`.
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
        """Delete files that no manifest names; skip those that cannot be deleted."""
        for path in paths:
            try:
                self.disk.remove(path)
            except OSError:
                continue

    def read(self, file: File) -> memoryview:
        """Read and check the bytes of a data file; safe to call from any thread.

        Raises
        ------
        StateError
            The file is missing, damaged or was changed.
        """
        try:
            data = self._read(self.data / file.name)
        except FileNotFoundError:
            raise self.missing(file) from None
        return self.checked(file, data)

    def _put(self, path: Path, data: bytes | memoryview) -> None:
        """Write a file; if that fails, delete what was written."""
        try:
            put(self.disk, path, data)
        except OSError as error:
            self.discard([path])
            raise OSError(error.errno, error.strerror, str(path)) from error
        except BaseException:  # also on Ctrl-C, so that no part of the file is left
            self.discard([path])
            raise

    def checked(self, file: File, data: memoryview) -> memoryview:
        """Return the bytes of a data file if they are unchanged since they were written.

        Raises
        ------
        StateError
            Their number or CRC has changed; the message names the file.
        """
        if len(data) != file.n_bytes or zlib.crc32(data) != file.crc32:
            raise StateError(
                f"{str(self.data / file.name)!r} must be unchanged; got other bytes. "
                "Restore the state from a backup; rfm state verify lists all such files."
            )
        return data

    def read_with_care(self, file: File) -> memoryview:
        """Do the same as `read`, and compare the SHA-256 too, which differs between all files."""
        data = self.read(file)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise StateError(
                f"{str(self.data / file.name)!r} must be unchanged; got another file "
                "with the same length and CRC. Restore the state from a backup."
            )
        return data

    def missing(self, file: File) -> StateError:
        """Return the error for a missing data file."""
        return StateError(
            f"{str(self.data / file.name)!r} must exist; got no such file. "
            "Restore the state from a backup."
        )

    def _empty(self) -> StateError:
        return StateError(
            f"{str(self.folder)!r} must be a state; got no manifest in it. "
            "Create one with rfm state create, or check whether the disk is mounted."
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
                f"state {str(self.folder)!r} must exist; got {shown_cause(error)}"
                ". Create it with rfm state create, or check whether the disk is mounted."
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
        """Return the bytes of an open file; an error contains its path."""
        try:
            return self.disk.read(file)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


class Current:
    """The newest generation, read by its only writer: no other process deletes its files."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.manifest = store.newest()

    @property
    def generation(self) -> Generation:
        """The newest generation."""
        return self.manifest.newest

    def read(self, file: File) -> memoryview:
        """Read and check the bytes of a data file; safe to call from any thread."""
        return self._store.read(file)


class Snapshot:
    """A generation whose files of totals are open, so that no writer can delete their contents.

    If a file cannot be opened, the error is raised when the file is read.

    Attributes
    ----------
    manifest
        The manifest whose newest generation this is.
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
        raise StateError(
            f"{str(store.folder)!r} must not change while it is opened; got new contents each time."
        )

    @property
    def generation(self) -> Generation:
        """The generation that is open."""
        return self.manifest.newest

    def read(self, file: File) -> memoryview:
        """Read and check the bytes of a data file; safe to call from any thread."""
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
        """Close the files; they cannot be read through this object any more."""
        self._is_open = False
        _close(self._store.disk, self._files)

    def _open(self) -> None:
        """Close the files and open all of them again."""
        _close(self._store.disk, self._files)
        self._failed = {}
        names = [file.name for part in self.generation.totals for file in part.files]
        for name in names:
            try:
                self._files[name] = self._store.disk.open(self._store.data / name)
            except OSError as error:
                self._failed[name] = error
                if error.errno == errno.EMFILE:  # close all, so that other code can open files
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
    """Whether a name matched and its number is at most `last`."""
    return found is not None and int(found[1]) <= last


def _close(disk: Disk, files: dict[str, int]) -> None:
    while files:
        disk.close(files.popitem()[1])
