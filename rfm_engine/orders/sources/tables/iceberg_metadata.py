"""List the data files of an Iceberg snapshot; a metadata file that cannot be read is named.

`pyiceberg` lets errors of its decoders through, without the name of the file. It also takes a
manifest that ends early for one with fewer files, so the number of files is checked.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from rfm_engine.errors import DataError, UsageError
from rfm_engine.orders.sources.guard import first_line, missing
from rfm_engine.orders.sources.table_places import ICEBERG

# What decoders of JSON, Avro and their compression raise about damaged bytes.
_DAMAGE = (
    EOFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError,
    RecursionError, SystemError, NotImplementedError, zlib.error,
)  # fmt: skip
_TOTAL = "total-data-files"


def tasks_of(scan: Any, name: str) -> list[Any]:
    """Return a task for each data file of a scan.

    Parameters
    ----------
    name
        The table and its snapshot, for messages.

    Raises
    ------
    UsageError
        A metadata file is missing, or permission to read it is denied.
    DataError
        A metadata file is damaged, or the snapshot contains equality deletes.
    """
    try:
        tasks = list(scan.plan_files())
    except (*_DAMAGE, OSError) as error:
        if "equality delete" in str(error):
            raise DataError(
                f"{name} must have no equality deletes, which pyiceberg cannot read; got some. "
                "Rewrite the data files of the table (rewrite_data_files), or give its rows as a "
                "stream."
            ) from error
        _refuse_damage(scan)
        raise
    if is_whole(scan) and len(tasks) < _n_listed(scan):
        _refuse_damage(scan)
    return tasks


def is_whole(scan: Any) -> bool:
    """Tell whether a scan has all rows of its snapshot."""
    from pyiceberg.expressions import AlwaysTrue

    return scan.limit is None and scan.row_filter == AlwaysTrue()


@contextmanager
def reading_metadata(name: str) -> Iterator[None]:
    """Refuse metadata that is missing or damaged; `name` is its file, or its table.

    Raises
    ------
    UsageError
        A file is missing, or permission to read it is denied.
    DataError
        The metadata is damaged.
    OSError
        A store or a catalog cannot be reached.
    """
    from pyiceberg.exceptions import ValidationError

    try:
        yield
    except FileNotFoundError as error:
        raise _missing(name, error) from error
    except PermissionError as error:
        raise UsageError(
            f"{name} must be readable; got permission denied. Check its owner and mode."
        ) from error
    except (gzip.BadGzipFile, ValidationError) as error:
        raise _damaged(name, error) from error
    except OSError:
        raise
    except _DAMAGE as error:
        raise _damaged(name, error) from error


def _missing(name: str, error: OSError) -> UsageError:
    if not name.startswith(ICEBERG):
        return missing(name)
    return UsageError(
        f"{name} must have its metadata; got {first_line(error)}. Check that the folder of the "
        "table was not moved or cleaned up."
    )


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(
        f"{name} must have metadata that can be read; got {first_line(error)}. Restore the file, "
        "or read another snapshot."
    )


def _refuse_damage(scan: Any) -> None:
    """Refuse the first metadata file of a scan that is missing, damaged or incomplete, if any is.

    Each file is read again, because the errors of `pyiceberg` do not name it.
    """
    snapshot = scan.snapshot()
    if snapshot is None:
        return
    with reading_metadata(_shown(snapshot.manifest_list)):
        manifests = snapshot.manifests(scan.io)
        if not manifests and _n_total(snapshot):
            raise ValueError(f"no manifests, and {_n_total(snapshot)} data files in the summary")
    for each in manifests:
        with reading_metadata(_shown(each.manifest_path)):
            n_found, n_listed = len(each.fetch_manifest_entry(scan.io)), _n_files(each)
            if n_found < n_listed:
                raise ValueError(f"{n_found} of {n_listed} files")


def _n_listed(scan: Any) -> int:
    """Return the number of data files that the manifests of a scan must list."""
    from pyiceberg.manifest import ManifestContent

    snapshot = scan.snapshot()
    if snapshot is None:
        return 0
    manifests = snapshot.manifests(scan.io)
    if not manifests:
        return _n_total(snapshot)
    return sum(_n_files(each) for each in manifests if each.content == ManifestContent.DATA)


def _n_files(manifest: Any) -> int:
    """Return how many files a manifest must list; writers of version 1 may omit the numbers."""
    return (manifest.added_files_count or 0) + (manifest.existing_files_count or 0)


def _n_total(snapshot: Any) -> int:
    """Return how many data files the summary of a snapshot says, 0 if it does not say it."""
    found = None if snapshot.summary is None else snapshot.summary[_TOTAL]
    return int(found) if found and found.isdecimal() else 0


def _shown(location: str) -> str:
    """Return a local file as a path, and another one as a URI."""
    return urlsplit(location).path if location.startswith("file:") else location
