"""Find the data files of a Delta table, in a folder or in an object store."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pyarrow import fs

from rfm_engine.errors import UsageError
from rfm_engine.orders.sources import remote
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.discovery import File
from rfm_engine.orders.sources.table_places import DeltaPlace
from rfm_engine.orders.sources.uris import is_uri, with_usual_scheme, without_secrets

# The path in the file system begins with the bucket, as the URI does.
_OF_BUCKETS = ("s3", "gs", "gcs")


class Buckets:
    """The buckets of a table's files; each is connected once.

    Parameters
    ----------
    uri
        The URI of the table, without its options.
    query
        The options of the URI, with `?`; other buckets of the same kind are connected with them.
    model
        A file in the bucket of the table.
    """

    def __init__(self, uri: str, query: str, model: File) -> None:
        at = urlsplit(uri)
        user, sign, bucket = at.netloc.rpartition("@")
        self._scheme, self._user, self._query = at.scheme, user + sign, query
        self._deadline = model.deadline
        self._connected = {(at.scheme, bucket): model.filesystem}

    def file_system(self, scheme: str, bucket: str) -> fs.FileSystem:
        """Return the file system of a bucket.

        Raises
        ------
        RfmError
            The store cannot be reached.
        """
        if (scheme, bucket) not in self._connected:
            name = f"{scheme}://{bucket}"
            uri = (
                f"{scheme}://{self._user}{bucket}{self._query}" if scheme == self._scheme else name
            )
            connect = partial(remote.connect, uri, name, self._deadline.seconds)
            self._connected[scheme, bucket], _ = self._deadline.run(name, connect)
        return self._connected[scheme, bucket]


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
    buckets
        Where absolute paths lead to.
    """

    path: str
    shown: str
    model: File
    buckets: Buckets

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
        at = urlsplit(with_usual_scheme(path))
        if at.scheme in _OF_BUCKETS:
            filesystem, place = self.buckets.file_system(at.scheme, at.netloc), at.netloc + at.path
            return File(plain, unquote(place), filesystem, deadline=deadline)
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
    shown = shown_path(folder if model.local else base)
    return Root(folder.rstrip("/"), shown, model, Buckets(base, query, model))


def local_root(folder: str, shown: str, deadline: Deadline) -> Root:
    """Return a folder of this machine."""
    model = File(shown, folder, deadline=deadline)
    return Root(folder, shown, model, Buckets("", "", model))


def shown_path(path: str) -> str:
    """Return the path of a table for messages, without passwords and without a final `/`."""
    return (without_secrets(path) if is_uri(path) else path).rstrip("/") or "/"
