"""Parse the places of tables: ``delta:PATH[@VERSION | @FROM..TO]``, ``iceberg:CATALOG.TABLE``."""

from __future__ import annotations

import re
from typing import NamedTuple

from rfm_engine.errors import UsageError, shown
from rfm_engine.orders.sources.uris import without_secrets

DELTA, ICEBERG = "delta:", "iceberg:"
NEWEST_VERSION = 2**63 - 1
"""The greatest version that the log of a Delta table can contain."""
_VERSIONS = re.compile(r"(?P<path>.*)@(?P<first>[0-9]*)(?P<dots>\.\.)?(?P<last>[0-9]*)", re.DOTALL)
_ONE_SLASH = re.compile("^file:/(?!/)")
_ID = re.compile("[0-9]{1,19}")


class DeltaPlace(NamedTuple):
    """A Delta table, at its newest version, at one version, or the versions of a range.

    Attributes
    ----------
    path
        The folder or the URI of the table.
    version
        The version to read; None if it is the newest, or if there is a range.
    versions
        The first and the last version of a range, both included; None without a range.
    """

    path: str
    version: int | None = None
    versions: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The place for messages and metadata, without passwords."""
        at = "" if self.version is None else f"@{self.version}"
        if self.versions is not None:
            at = "@{}..{}".format(*self.versions)
        return f"{DELTA}{without_secrets(self.path)}{at}"


class IcebergPlace(NamedTuple):
    """An Iceberg table in a catalog, at its newest snapshot or at a given one.

    Attributes
    ----------
    catalog
        The name of the catalog, everything before the first dot.
    table
        The name of the table in the catalog, with its namespaces.
    snapshot
        The id of a snapshot, as a number; the name of a tag or a branch; None for the newest.
    """

    catalog: str
    table: str
    snapshot: int | str | None = None

    @property
    def name(self) -> str:
        """The place for messages and metadata."""
        at = "" if self.snapshot is None else f"@{self.snapshot}"
        return f"{ICEBERG}{self.catalog}.{self.table}{at}"


def table_place(text: str) -> DeltaPlace | IcebergPlace | None:
    """Parse the place of a table; return None for other inputs, such as paths of files.

    A path may contain an ``@``: only ``@`` with a number or a range at the end is a version.

    Parameters
    ----------
    text
        An input as it was typed.

    Raises
    ------
    UsageError
        The path, the table or the snapshot is missing, or the range is incomplete or descending.

    Examples
    --------
    >>> table_place("delta:shop/orders@41..47")
    DeltaPlace(path='shop/orders', version=None, versions=(41, 47))
    >>> table_place("iceberg:lake.shop.orders@2026-10")
    IcebergPlace(catalog='lake', table='shop.orders', snapshot='2026-10')
    """
    if text.startswith(DELTA):
        return _delta(text)
    if text.startswith(ICEBERG):
        return _iceberg(text)
    return None


def _delta(text: str) -> DeltaPlace:
    place = text.removeprefix(DELTA)
    found = _VERSIONS.fullmatch(place)
    path = _ONE_SLASH.sub("file:///", place if found is None else found["path"])
    if not path:
        raise UsageError(
            f"delta: must be followed by the path of a table; got {shown(text)}. "
            "Write, for example, delta:shop/orders."
        )
    if found is None:
        return DeltaPlace(path)
    if found["dots"] is None:
        if not found["first"]:
            raise _refusal("a version after @", text, "Write, for example, @41, or omit the @.")
        return DeltaPlace(path, version=_version(found["first"], text))
    if not (found["first"] and found["last"]):
        raise _refusal("both ends of a range", text, "Write, for example, @41..47.")
    first, last = _version(found["first"], text), _version(found["last"], text)
    if first > last:
        raise _refusal("the older version first", text, f"Write @{last}..{first}.")
    return DeltaPlace(path, versions=(first, last))


def _version(digits: str, text: str) -> int:
    # Before int(), which refuses numbers of thousands of digits.
    if len(digits) > len(str(NEWEST_VERSION)) or int(digits) > NEWEST_VERSION:
        raise _refusal("a version below 2^63", text, "The history of the table lists them.")
    return int(digits)


def _iceberg(text: str) -> IcebergPlace:
    named, at, snapshot = text.removeprefix(ICEBERG).rpartition("@")
    if not at:
        named, snapshot = snapshot, ""
    catalog, _, table = named.partition(".")
    if not (catalog and table) or not all(table.split(".")):
        raise _refusal("CATALOG.TABLE", text, "Write, for example, iceberg:lake.shop.orders.")
    if at and not snapshot:
        raise _refusal("a snapshot after @", text, "Give its id, a tag or a branch.")
    is_id = _ID.fullmatch(snapshot) is not None
    return IcebergPlace(catalog, table, int(snapshot) if is_id else snapshot or None)


def _refusal(wanted: str, text: str, advice: str) -> UsageError:
    return UsageError(f"a table must be given with {wanted}; got {shown(text)}. {advice}")
