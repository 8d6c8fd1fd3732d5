"""Find the data files of a Delta table, in a folder or in an object store."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from rfm_engine.errors import UsageError
from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.table_places import DeltaPlace
from rfm_engine.orders.sources.uris import is_uri, without_secrets

# The path in the file system begins with the bucket, as the URI does.
_OF_BUCKETS = ("s3", "gs", "gcs")


class Root(NamedTuple):
    """The folder of a table, and how files in it are found.

    Attributes
    ----------
    path
        The folder, in the file system of its files.
    shown
        The folder as the caller wrote it, for messages.
    model
        A file of the file system.
    """

    path: str
    shown: str
    model: File

    @property
    def name(self) -> str:
        """The absolute path or the URI of the folder, equal for all ways to write it."""
        if self.model.local:
            return str(Path(self.path).resolve())
        return f"{urlsplit(self.shown).scheme}://{self.path}"

    def file(self, path: str) -> File:
        """Return a data file; `path` is as in the log: encoded, relative or absolute.

        Raises
        ------
        UsageError
            An absolute path is a URI that cannot be read.
        RfmError
            Another object store cannot be reached.
        """
        plain, deadline = unquote(path), self.model.deadline
        if not is_uri(path):
            return self._of(f"{self.shown}/{plain}", f"{self.path}/{plain}")
        if path.startswith("file:"):
            inner = unquote(urlsplit(path).path)
            return File(inner, inner, deadline=deadline)
        at, own = urlsplit(path), urlsplit(self.shown)
        if at[:2] == own[:2] and at.scheme in _OF_BUCKETS:
            return self._of(plain, plain.partition("://")[2])
        connect = partial(remote.connect, path, plain, deadline.seconds)
        filesystem, place = deadline.run(plain, connect)
        return File(plain, place, filesystem, deadline=deadline)

    def _of(self, name: str, path: str) -> File:
        return File(name, path, self.model.filesystem, {}, self.model.deadline)


def root_of(place: DeltaPlace, deadline: Deadline) -> Root:
    """Return the folder of a table, connected if it is in an object store.

    Raises
    ------
    UsageError
        The URI is wrong, or contains a wildcard.
    RfmError
        The store cannot be reached.
    """
    if not is_uri(place.path):
        return local_root(str(Path(place.path).absolute()), shown_path(place.path), deadline)
    base, pattern, query = remote.split(place.path.rstrip("/"))
    if pattern:
        raise UsageError(
            f"{place.name} must be one table; got a wildcard. Give several tables as a list."
        )
    connect = partial(remote.connect, base + query, place.name, deadline.seconds)
    filesystem, folder = deadline.run(place.name, connect)
    model = File(base, folder, filesystem, {}, deadline)
    return Root(folder.rstrip("/"), shown_path(folder if model.local else base), model)


def local_root(folder: str, shown: str, deadline: Deadline) -> Root:
    """Return a folder of this machine."""
    return Root(folder, shown, File(shown, folder, deadline=deadline))


def shown_path(path: str) -> str:
    """Return the path of a table for messages, without passwords and without a final `/`."""
    return (without_secrets(path) if is_uri(path) else path).rstrip("/") or "/"
