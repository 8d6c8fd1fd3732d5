"""Detect folders of Delta, Iceberg and Hudi tables, and refuse to read them as plain folders.

A file stays in such a folder after its rows were deleted or rewritten. Only the log of the table
tells which files are current.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from rfm_engine.errors import Message, UsageError
from rfm_engine.options.messages import message

DELTA_LOG, HUDI_LOG, ICEBERG_LOG = "_delta_log", ".hoodie", "metadata"
HUDI_PARTITION = ".hoodie_partition_metadata"
"""A file in each folder of a Hudi table that contains data, at any depth below the table."""
# How many levels to search for a table above the innermost folder that is not named after a
# partition column (`key=value`).
_LEVELS = 2
_ICEBERG_DATA = "data"
_ICEBERG_ENDINGS = (".metadata.json", ".metadata.json.gz")


class Folders(Protocol):
    """An object that tells which folders and files exist."""

    def has_folder(self, path: str) -> bool:
        """Tell whether a folder exists."""

    def has_file(self, path: str) -> bool:
        """Tell whether a file exists."""

    def names_in(self, folder: str) -> Collection[str]:
        """Return the names in a folder, none if the folder does not exist."""


class _Format(NamedTuple):
    """A table format, and how the orders of such a table are given instead.

    In the hint, `{place}` is the path of the table as the caller would write it, and `{whole}` is
    its absolute path, which Hudi's reader requires.
    """

    name: str
    hint: str


_AS_FILES = message(
    " {as_files:True} reads the files anyway, including deleted rows. For a state, give it "
    "when you create the state."
)
_DELTA = _Format("a Delta table", "Give delta:{place}")
_ICEBERG = _Format("an Iceberg table", "Give iceberg:CATALOG.TABLE, its name in a catalog")
_HUDI = _Format(
    "a Hudi table",
    "In Python: rfm.score(HudiTableBuilder.from_base_uri({whole!r}).build().read(), ...)",
)


class LocalFolders:
    """The folders of this machine.

    `Path` is not used: it took half of the total time for 10,000 folders.
    """

    def has_folder(self, path: str) -> bool:
        """Tell whether a folder exists."""
        return os.path.isdir(path)  # noqa: PTH112

    def has_file(self, path: str) -> bool:
        """Tell whether a file exists."""
        return os.path.isfile(path)  # noqa: PTH113

    def names_in(self, folder: str) -> Collection[str]:
        """Return the names in a folder, none if this user may not list it."""
        try:
            return os.listdir(folder)  # noqa: PTH208 - only the names are needed
        except OSError:
            return ()


def refuse_local_tables(paths: Collection[str]) -> None:
    """Refuse files of this machine that belong to a table.

    For a symbolic link, both ends are checked: the folders of the link and those of its target.

    Raises
    ------
    UsageError
        A file belongs to a table.
    """
    named = dict.fromkeys(os.path.dirname(path) for path in paths)  # noqa: PTH120 - as above
    folders = [os.path.abspath(folder) for folder in named]  # noqa: PTH100
    folders += [os.path.realpath(folder) for folder in folders]
    folders += [str(Path(path).resolve().parent) for path in paths if os.path.islink(path)]  # noqa: PTH114
    here = Path.cwd()
    is_relative = any(not Path(folder).is_absolute() for folder in named)

    def shown(root: str) -> str:
        place = Path(root or "/")
        inside = is_relative and place.is_relative_to(here)
        return str(place.relative_to(here) if inside else place)

    refuse_tables([Path(each).as_posix() for each in folders], LocalFolders(), shown)


def refuse_tables(
    folders: Iterable[str],
    known: Folders,
    shown: Callable[[str], str],
    advice: Message = _AS_FILES,
) -> None:
    """Refuse folders of files that belong to a table.

    Parameters
    ----------
    folders
        Absolute paths of folders with files, separated by `/`.
    known
        Tells which logs of tables exist.
    shown
        Returns the form of a path that the message shows.
    advice
        The end of the message.

    Raises
    ------
    UsageError
        A folder belongs to a table.
    """
    done: set[_Root] = set()
    for folder in dict.fromkeys(folders):
        for root in _roots(folder):
            if root in done:
                continue
            done.add(root)
            if (found := _format_of(root, known)) is not None:
                raise _refusal(*found, shown, advice)


class _Root(NamedTuple):
    """A folder that may be the root of a table, and the formats to check for."""

    path: str
    is_within_levels: bool
    """Whether to check for Delta and Hudi."""
    is_near_data: bool
    """Whether to check for Iceberg."""
    holds_files: bool


def _roots(folder: str) -> Iterator[_Root]:
    """Yield the folders that may be the root of the table to which files in `folder` belong."""
    above = [folder, *_above(folder)]
    names = [path.rpartition("/")[2] for path in above]
    n_keys = next((i for i, name in enumerate(names) if "=" not in name), len(names))
    for i, path in enumerate(above):
        is_above_data = i > 0 and names[i - 1] == _ICEBERG_DATA
        root = _Root(path, i <= n_keys + _LEVELS, i <= n_keys + 1 or is_above_data, i == 0)
        if root.is_within_levels or root.is_near_data:
            yield root


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _format_of(root: _Root, known: Folders) -> tuple[_Format, str] | None:
    """Return the format of the table and its folder, None if the folder is not a table."""
    path = root.path
    if root.is_within_levels and known.has_folder(f"{path}/{DELTA_LOG}"):
        return _DELTA, path
    if root.is_within_levels and known.has_folder(f"{path}/{HUDI_LOG}"):
        return _HUDI, path
    if root.holds_files and known.has_file(f"{path}/{HUDI_PARTITION}"):
        roots = (each for each in _above(path) if known.has_folder(f"{each}/{HUDI_LOG}"))
        return _HUDI, next(roots, path)
    if root.is_near_data and any(map(is_iceberg, known.names_in(f"{path}/{ICEBERG_LOG}"))):
        return _ICEBERG, path
    return None


def is_iceberg(name: str) -> bool:
    """Tell whether a file in a folder `metadata` describes an Iceberg table."""
    return name.endswith(_ICEBERG_ENDINGS)


def _refusal(found: _Format, root: str, shown: Callable[[str], str], advice: Message) -> UsageError:
    place = os.path.realpath(root) if shown(root) == "." else shown(root)
    whole = root if root.startswith("/") else place
    return UsageError(
        message(
            "orders must be read through the table; got {} in {}. {}.{}",
            found.name,
            place,
            found.hint.format(place=place, whole=whole),
            advice,
        )
    )
