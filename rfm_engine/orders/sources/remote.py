"""Find files by URI: ``s3://bucket/orders``, ``gs://bucket/year=*/*.parquet``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from urllib.parse import unquote

import pyarrow as pa
from pyarrow import fs

from rfm_engine.errors import UsageError
from rfm_engine.orders.sources.faults import unreachable
from rfm_engine.orders.sources.guard import first_line, missing
from rfm_engine.orders.sources.ignored import CONFIG_NAME, is_ignored
from rfm_engine.orders.sources.stores import file_system_of
from rfm_engine.orders.sources.uris import with_usual_scheme, without_secrets

_GLOB = frozenset("*[")  # In a URI, a ? begins the options.
_BUCKETS = ("s3", "gs", "gcs", "abfs", "abfss")


def split(uri: str) -> tuple[str, list[str], str]:
    """Split a URI into the part before any wildcard, the segments from there on, and the options.

    ``s3a://`` and ``s3n://`` become ``s3://``.

    Raises
    ------
    UsageError
        The bucket is missing or contains a wildcard, so that every bucket would be read.
    """
    uri = with_usual_scheme(uri)
    scheme, _, rest = uri.partition("://")
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    has_bucket = bool(authority.rpartition("@")[2]) and _GLOB.isdisjoint(authority)
    if scheme in _BUCKETS and not has_bucket:
        raise _without_bucket(without_secrets(uri))
    place, question, query = uri.partition("?")
    segments = place.split("/")
    fixed = next((i for i, s in enumerate(segments) if not _GLOB.isdisjoint(s)), len(segments))
    return "/".join(segments[:fixed]), [unquote(s) for s in segments[fixed:]], question + query


def connect(uri: str, name: str, seconds: float) -> tuple[fs.FileSystem, str]:
    """Return the file system of ``uri``, with a time-out in ``seconds``, and the path in it."""
    try:
        filesystem, path = file_system_of(uri, seconds)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError) as error:
        raise UsageError(
            f"{name} must be a URI that can be read; got {first_line(error)}. "
            "Use s3://, gs://, abfs:// or file://."
        ) from error
    except (OSError, pa.ArrowException) as error:
        raise unreachable(name, error) from error
    if filesystem.type_name in _BUCKETS and not path.strip("/"):  # Azure: only an account
        raise _without_bucket(name)
    return filesystem, path


def found(
    filesystem: fs.FileSystem, root: str, pattern: Sequence[str], name: str
) -> list[tuple[str, list[str]]]:
    """Return the path of each file and the names of the folders that may be partition keys.

    For a directory, these are the folders below it. For a single file or a pattern, these are all
    folders of the path.
    """
    try:
        info = filesystem.get_file_info(root)
        if info.type == fs.FileType.NotFound:
            raise missing(name)
        if pattern:
            paths = list(_matching(filesystem, root, pattern))
            files = [(path, path.split("/")[:-1]) for path in paths]
        elif info.is_file:
            return [(info.path, info.path.split("/")[:-1])]
        else:
            above = len(info.path.rstrip("/")) + 1
            files = [(p, p[above:].split("/")[:-1]) for p in _below(filesystem, info.path)]
    except (OSError, pa.ArrowException) as error:
        raise unreachable(name, error) from error
    if not files:
        raise UsageError(f"{name} must lead to data files; got none. Check the URI.")
    return files


def _below(filesystem: fs.FileSystem, folder: str) -> list[str]:
    infos = filesystem.get_file_info(fs.FileSelector(folder, recursive=True))
    above = len(folder.rstrip("/")) + 1
    return sorted(
        info.path
        for info in infos
        if info.is_file and not any(map(is_ignored, info.path[above:].split("/")))
    )


def _matching(filesystem: fs.FileSystem, root: str, pattern: Sequence[str]) -> Iterator[str]:
    selector = fs.FileSelector(root, recursive=len(pattern) > 1 or "**" in pattern)
    above = len(root.rstrip("/")) + 1
    for info in sorted(filesystem.get_file_info(selector), key=lambda info: info.path):
        if not _matches(info.path[above:].split("/"), pattern):
            continue
        if info.is_file:
            yield info.path
        elif "**" not in pattern:
            yield from _below(filesystem, info.path)


def _matches(segments: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether a path matches; ``**`` matches any number of folders."""
    if not pattern:
        return not segments
    if pattern[0] == "**":
        rest = pattern[1:] or ["*"]
        skipped = next((i for i, s in enumerate(segments) if s[:1] in ("_", ".")), len(segments))
        return any(_matches(segments[i:], rest) for i in range(min(skipped + 1, len(segments))))
    if not segments or (segments[0][:1] in ("_", ".") and segments[0][:1] != pattern[0][:1]):
        return False
    if segments == [CONFIG_NAME] and pattern != segments:
        return False
    return fnmatchcase(segments[0], pattern[0]) and _matches(segments[1:], pattern[1:])


@contextmanager
def reaching(name: str) -> Iterator[None]:
    """Report a failure as an error that ``name`` could not be reached.

    Raises
    ------
    RfmError
        The file system failed.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise unreachable(name, error) from error


def _without_bucket(name: str) -> UsageError:
    scheme = name.partition("://")[0]
    what, example = "bucket", "BUCKET"
    if scheme.startswith("abfs"):
        what, example = "container", "CONTAINER@ACCOUNT.dfs.core.windows.net"
    return UsageError(
        f"{name} must name a {what}, so that not all of them are read; got none. "
        f"Write {scheme}://{example}/FOLDER."
    )
