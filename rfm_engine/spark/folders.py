"""Tell which files Spark can see, on any file system."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from rfm_engine.errors import Message, UsageError, shown
from rfm_engine.options.messages import message
from rfm_engine.orders.sources.table_formats import refuse_tables
from rfm_engine.orders.sources.table_places import table_place

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_URI = re.compile(r"(?P<root>[A-Za-z][A-Za-z0-9+.-]*:(?://[^/]*)?)(?P<path>/.*)", re.DOTALL)
_WILD = re.compile(r"([\\*?\[\]{}])")

_NO_ADVICE = Message("", "")


def new_folder(what: Message, place: str) -> str:
    """Return the path or URI of a folder that Spark will write.

    Raises
    ------
    UsageError
        It is empty, a table, or has a wildcard, for which Spark would look for folders.
    """
    is_table = table_place(place) is not None
    if place and not is_table and _WILD.search(place) is None:
        return place
    found = "an empty text" if not place else shown(place)
    reason = " with a wildcard" if place and not is_table else ""
    raise UsageError(
        message("{} must be a new folder; got {}{}. Name a folder.", what, found, reason)
    )


class SparkFolders(NamedTuple):
    """The folders and files below a root such as `s3a://bucket`."""

    session: SparkSession
    root: str

    def has_folder(self, path: str) -> bool:
        """Tell whether a folder exists."""
        return self.has_file(path)

    def has_file(self, path: str) -> bool:
        """Tell whether a file or a folder exists."""
        return files_below(self.session, self._literal(path)) is not None

    def names_in(self, folder: str) -> Collection[str]:
        """Return the names of the files in a folder, none if it does not exist."""
        found = files_below(self.session, self._literal(folder)) or ()
        return [PurePosixPath(path).name for path in found]

    def _literal(self, path: str) -> str:
        return self.root + _WILD.sub(r"\\\1", path)


def files_below(session: SparkSession, path: str) -> list[str] | None:
    """Return the URIs of the files of a folder and its folders; None if it does not exist.

    Files whose names begin with a dot or an underscore are left out.
    """
    from pyspark.errors import AnalysisException

    try:
        # Spark Connect looks the path up only for `inputFiles`.
        found = session.read.format("binaryFile").load(path, recursiveFileLookup=True)
        return list(found.inputFiles())
    except AnalysisException as error:
        if "PATH_NOT_FOUND" not in str(error):
            raise
        return None


def refuse_files_of_tables(session: SparkSession, read: DataFrame) -> None:
    """Refuse a DataFrame of files that belong to a table, because their rows may be deleted.

    Raises
    ------
    UsageError
        The files belong to a table.
    """
    for root, folders in groupby(sorted(set(_folders_of(read.inputFiles()))), lambda each: each[0]):
        shown = "" if root == "file:" else root
        known = SparkFolders(session, root)
        refuse_tables([path for _, path in folders], known, f"{shown}{{}}".format, _NO_ADVICE)


def _folders_of(uris: Iterable[str]) -> Iterator[tuple[str, str]]:
    for uri in uris:
        found = _URI.fullmatch(uri)
        if found is not None:
            folder = str(PurePosixPath(unquote(found["path"])).parent)
            yield found["root"].removesuffix("//"), folder
