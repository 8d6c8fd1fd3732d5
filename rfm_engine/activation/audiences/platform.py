"""Platforms that take lists of customers, and the rules of their columns."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.options.messages import message

PLATFORMS = ("google", "meta", "tiktok", "klaviyo", "shopify", "generic")
GENERIC = "generic"
IDENTIFIERS = ("main", "variant", "second")
"""The places of identifiers in a row; `main` and `variant` are forms of the same one."""
EMAIL, PHONE, SEGMENT, CUSTOMER = "email", "phone", "segment", "customer_id"
CONTACT_FIELDS = (
    EMAIL, PHONE, "first_name", "last_name", "country", "zip", "city", "state",
)  # fmt: skip


class Column(NamedTuple):
    """The rule of a column.

    Attributes
    ----------
    header
        The name in the file.
    field
        The column of the contacts, or of the snapshot, that the values come from.
    steps
        The names of the steps that bring a value into the form of the platform.
    hashed
        Whether the SHA-256 is written.
    consent
        The column of the contacts that says whether an identifier may be used.
    identifier
        One of `IDENTIFIERS` if platforms find people by the column, otherwise None.
    checked_on
        When the rule was last compared with its source.
    source
        Where the platform documents the rule.
    """

    header: str
    field: str
    steps: tuple[str, ...]
    hashed: bool
    consent: str | None
    identifier: str | None
    checked_on: date | None
    source: str


class Size(NamedTuple):
    """The number of customers below which a list is of little use."""

    least: int
    text: str
    checked_on: date
    source: str


class Platform(NamedTuple):
    """A platform.

    Attributes
    ----------
    name, title
        The name of the option, and what the reference calls it.
    columns
        The columns in order.
    size
        The least size; None if any is useful.
    together
        Fields that are written only if a row has all of them.
    most_bytes
        The largest file that the platform takes; None without a limit.
    prefix_formulas
        Whether cells that a spreadsheet would compute get an apostrophe.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    size: Size | None
    together: tuple[str, ...]
    most_bytes: int | None
    prefix_formulas: bool

    def identifier(self, place: str) -> Column | None:
        """Return the column of an identifier."""
        return next((each for each in self.columns if each.identifier == place), None)

    @property
    def identifiers(self) -> list[Column]:
        """The columns of identifiers, in the order of `IDENTIFIERS`."""
        return [column for place in IDENTIFIERS if (column := self.identifier(place)) is not None]

    @property
    def attributes(self) -> list[Column]:
        """All other columns."""
        return [each for each in self.columns if each.identifier is None]


@cache
def rules_of(name: str) -> dict[str, Any]:
    """Return the rules of a platform as its file has them."""
    package = f"{__package__}.platforms"
    return tomllib.loads((resources.files(package) / f"{name}.toml").read_text("utf-8"))


def platform_of(name: str, columns: Sequence[str] = ()) -> Platform:
    """Return a platform.

    Parameters
    ----------
    columns
        The columns of the list, for `generic` only: those of its rules, `customer_id`, and columns
        of the snapshot.

    Raises
    ------
    UsageError
        There is no such platform, it has its own columns, or two columns exclude each other.
    """
    if name not in PLATFORMS:
        raise UsageError(
            message(
                "{platform} must be one of {}; got {}. {}",
                ", ".join(PLATFORMS), shown(name), did_you_mean(name, PLATFORMS, "Choose one."),
            )
        )  # fmt: skip
    if columns and name != GENERIC:
        raise UsageError(
            message(
                "{columns} must be used with {platform:generic}; got it with {}, which has its own "
                "columns. Leave it out.",
                name,
            )
        )
    rules = rules_of(name)
    known = tuple(_column(each) for each in rules["columns"])
    if name == GENERIC:
        known = _chosen(known, columns or rules["default"])
    size = rules.get("size")
    return Platform(
        name,
        rules["title"],
        known,
        None if size is None else Size(**size),
        tuple(rules.get("together", {}).get("fields", ())),
        rules.get("file", {}).get("most_bytes"),
        rules["prefix_formulas"],
    )


def _column(rule: dict[str, Any]) -> Column:
    return Column(**{"consent": None, "identifier": None} | rule | {"steps": tuple(rule["steps"])})


def _plain(name: str) -> Column:
    """Return the rule of a column whose values stay as they are."""
    return Column(
        name, name, (), hashed=False, consent=None, identifier=None, checked_on=None, source=""
    )


def _chosen(known: Sequence[Column], names: Sequence[str]) -> tuple[Column, ...]:
    """Return the rules of columns of the generic list; without a rule, a value stays as it is."""
    by_header = {each.header: each for each in known}
    found = [
        by_header.get(name) or _plain(name)
        for name in names
    ]  # fmt: skip
    headers = [each.header for each in found]
    places = [each.identifier for each in found if each.identifier is not None]
    twice = [each for each in headers if headers.count(each) > 1] or [
        each.header for each in found if each.identifier and places.count(each.identifier) > 1
    ]
    if twice:
        raise UsageError(
            message(
                "{columns} must name each column once, and an e-mail or a phone number either "
                "plain or hashed; got {}. Leave one out.",
                " and ".join(map(repr, twice[:2])),
            )
        )
    if places:
        return tuple(found)
    if CUSTOMER not in headers:
        raise UsageError(
            message(
                "{columns} must have a column that says who a row is, such as customer_id, email "
                "or phone_sha256; got {}. Name one, for example customer_id.",
                shown(", ".join(headers)),
            )
        )
    return tuple(
        each._replace(identifier="main") if each.header == CUSTOMER else each for each in found
    )
