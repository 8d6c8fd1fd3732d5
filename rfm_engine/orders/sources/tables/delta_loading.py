"""Load a version of a Delta table with `deltalake`, which reads its log."""

from __future__ import annotations

import errno
import re
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

from rfm_engine.errors import DataError, RfmError, UsageError, not_installed
from rfm_engine.orders.sources.deadline import Deadline
from rfm_engine.orders.sources.guard import first_line
from rfm_engine.orders.sources.table_places import DeltaPlace
from rfm_engine.orders.sources.tables.delta_root import shown_path
from rfm_engine.orders.sources.uris import is_uri

REQUIRED = "deltalake>=1.6"
"""What the extra `[delta]` installs."""
_STRUCTURE = re.compile(r"\b[A-Z]\w+ \{ ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OF_SYSTEM = re.compile(r"\(os error ([0-9]+)\)")
_S3 = re.compile(r"(s3[an]?://)(?:([^/@]*):([^/@]*)@)?(.*)")


class DeltaTable(Protocol):
    """What is used of `deltalake.DeltaTable`."""

    @property
    def table_uri(self) -> str:
        """The URI of the folder."""

    def version(self) -> int:
        """Return the version that was loaded."""

    def schema(self) -> Any:
        """Return the columns."""

    def metadata(self) -> Any:
        """Return the partition columns and the configuration."""

    def protocol(self) -> Any:
        """Return the features that a reader must know."""

    def get_add_actions(self) -> Any:
        """Return the files of the version, with partition values and statistics."""

    def deletion_vectors(self) -> Any:
        """Return the rows that are kept of files from which rows were deleted."""

    def scan(self, columns: list[str] | None = None) -> Any:
        """Return a stream of the rows."""


def load(place: DeltaPlace, deadline: Deadline) -> DeltaTable:
    """Load a version of a table, or its newest one.

    Raises
    ------
    UsageError
        The package is missing, there is no such table or version, or permission to read it is
        denied.
    DataError
        The log is damaged.
    RfmError
        An object store cannot be reached.
    """
    try:
        import deltalake
        from deltalake.exceptions import DeltaError
    except ImportError:
        raise not_installed("Delta tables", "deltalake", "delta", REQUIRED) from None
    path, options = _for_deltalake(place.path)

    def loaded_at(version: int | None) -> DeltaTable:
        loaded: DeltaTable = deltalake.DeltaTable(path, version=version, storage_options=options)
        return loaded

    try:
        return deadline.run(place.name, partial(loaded_at, place.version))
    except (DeltaError, FileNotFoundError) as error:
        if place.version is None:
            raise _refusal(place, error) from error
        refused = error
    except OSError as error:
        raise unreadable(place, error) from error
    newest = load(place._replace(version=None), deadline).version()
    if newest < place.version:
        raise UsageError(
            f"{place.name} must be a version of the table; got {newest} as its newest version. "
            "Give an existing one."
        ) from refused
    raise UsageError(
        f"{place.name} must be a version whose log is complete; got {_reason(refused)}. Give a "
        f"newer version, up to {newest}."
    ) from refused


def _refusal(place: DeltaPlace, error: Exception) -> RfmError:
    from deltalake.exceptions import TableNotFoundError

    is_file = not is_uri(place.path) and Path(place.path).is_file()
    if is_file or isinstance(error, TableNotFoundError | FileNotFoundError):
        return UsageError(
            f"{place.name} must be a Delta table; got no _delta_log in {shown_path(place.path)}. "
            "Check the path."
        )
    return DataError(
        f"{place.name} must have a log that can be read; got {_reason(error)}. Check the table "
        "with the program that writes it."
    )


def unreadable(place: DeltaPlace, error: OSError) -> RfmError:
    """Return the error for a log that could not be read, in a store or on this machine."""
    reason = _reason(error)
    if (found := _OF_SYSTEM.search(reason)) is None:
        return RfmError(
            f"{place.name} must be reachable; got {reason}. "
            "Check the network, the credentials and the region."
        )
    if int(found[1]) in (errno.EACCES, errno.EPERM):
        return UsageError(
            f"the log of {place.name} must be readable; got permission denied. Check the owner and "
            f"the mode of {shown_path(place.path)}."
        )
    return RfmError(f"the log of {place.name} must be readable; got {reason}. Check the disk.")


def _reason(error: Exception) -> str:
    """Return the text of an error with its causes, which `deltalake` writes below it in colour.

    Structures of Rust, which some texts contain, are left out.
    """
    if "found gap: ParsedLogPath" in str(error):
        return "a log in which a version between others is missing"
    lines = _COLOUR.sub("", str(error)).replace("\u21b3", "").splitlines()
    text = first_line(OSError(": ".join(each.strip(" .") for each in lines if each.strip())))
    return _STRUCTURE.split(text)[0].rstrip(" .:,")


def _for_deltalake(path: str) -> tuple[str, dict[str, str] | None]:
    """Return the path and the storage options for `deltalake`, from the options of a URI of S3.

    Without options, `deltalake` takes them from the environment.
    """
    uri, _, query = path.partition("?")
    found = _S3.fullmatch(uri)
    if found is None:
        return path, None
    scheme, key, secret, place = found.groups()
    given = dict(parse_qsl(query, keep_blank_values=True))
    options: dict[str, str] = {}
    if key and secret:
        options |= {"AWS_ACCESS_KEY_ID": unquote(key), "AWS_SECRET_ACCESS_KEY": unquote(secret)}
    if "region" in given:
        options["AWS_REGION"] = given["region"]
    if "endpoint_override" in given:
        protocol = given.get("scheme", "https")
        options["AWS_ENDPOINT_URL"] = f"{protocol}://{given['endpoint_override']}"
        options["AWS_ALLOW_HTTP"] = str(protocol == "http").lower()
    if given.get("anonymous") == "true":
        options["AWS_SKIP_SIGNATURE"] = "true"
    return f"{scheme}{place}", options or None
