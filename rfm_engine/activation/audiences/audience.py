"""Write the customers that conditions choose as a list for a platform."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple, Unpack

from rfm_engine.activation.audiences.checks import (
    CONSENTED,
    CONTACT,
    NOT_SUPPRESSED,
    VALID,
    Invalid,
)
from rfm_engine.activation.audiences.consent import Consents
from rfm_engine.activation.audiences.csv_files import is_part
from rfm_engine.activation.audiences.lists import Lists, Written
from rfm_engine.activation.audiences.members import members_of
from rfm_engine.activation.audiences.places import check_places
from rfm_engine.activation.audiences.platform import EMAIL, PHONE, Platform, platform_of
from rfm_engine.activation.audiences.rows import Rows, Rules, query
from rfm_engine.activation.contacts import PersonalFile
from rfm_engine.activation.people import conditions_of, source_of
from rfm_engine.activation.phones import country_of
from rfm_engine.activation.suppression import read_suppression
from rfm_engine.errors import UsageError
from rfm_engine.history.history import History
from rfm_engine.options.documentation import documented
from rfm_engine.options.groups import AudienceOptions
from rfm_engine.options.messages import message
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.output.atomic import discard_left_beside
from rfm_engine.output.place import ending
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.session import Machine
from rfm_engine.query.workspace import Workspace
from rfm_engine.result.snapshot import Snapshot

METADATA = b"rfm_engine_audience"
_CHECKS = {
    "with_contact": CONTACT, "consented": CONSENTED, "not_suppressed": NOT_SUPPRESSED,
    "valid": VALID,
}  # fmt: skip


class Audience(NamedTuple):
    """An audience that has been written. It has counts and no customers.

    Attributes
    ----------
    platform
        The name of the platform.
    as_of
        The date of the snapshot.
    counts
        Customers after each check: `members`, `with_contact`, `consented`, `not_suppressed`,
        `valid` and `written`.
    rows
        The rows of the list.
    added, removed
        The rows of `add.csv` and `remove.csv`; None without `diff`.
    invalid
        Values that are not valid, by reason.
    renamed
        The names of segments that were replaced: by neutral ones, or by ones without commas for
        tags.
    files
        The files.
    warnings
        Possible problems: a small list, a folder that others can read, or a first list.
    """

    platform: str
    as_of: date
    counts: dict[str, int]
    rows: int
    added: int | None
    removed: int | None
    invalid: list[Invalid]
    renamed: dict[str, str]
    files: list[str]
    warnings: list[DataWarning]


@documented(AudienceOptions)
def audience(  # noqa: PLR0913 - the customers, the list, and what is checked
    source: Snapshot | History | str | os.PathLike[str],
    *,
    who: str | Sequence[str],
    platform: str,
    output: str | os.PathLike[str],
    diff: str | os.PathLike[str] | None = None,
    columns: str | Sequence[str] = (),
    consent: str | None = None,
    no_consent_check: bool = False,
    **options: Unpack[AudienceOptions],
) -> Audience:
    """Write the customers that conditions choose as a list for advertising or mail.

    Parameters
    ----------
    source
        A snapshot or a history, whose newest snapshot is used, or the path of one.
    who
        Conditions on the columns of the snapshot; customers must meet all of them.
    platform
        `google`, `meta`, `tiktok`, `klaviyo`, `shopify` or `generic`.
    output
        A .csv file; for `generic` also .parquet, .arrow or -; with `diff` a folder.
    diff
        An earlier output. The folder gets `list.csv`, `add.csv` and `remove.csv`. If there is none
        yet, all identifiers are added.
    columns
        The columns of a `generic` list.
    consent
        The column of the contacts that counts as consent, instead of those of the platform.
    no_consent_check
        Whether to write people without looking for their consent.
    {options}

    Returns
    -------
    Audience
        Counts, and the files that were written.

    Raises
    ------
    UsageError
        A file or a column does not exist, an option is wrong, or the output cannot be written.
    DataError
        Contacts or suppression lists are corrupt, or have values of another type.
    StateError
        The history is damaged.
    """
    require_duckdb("rfm audience")
    settled = resolve(AudienceOptions, given("audience", AudienceOptions, options))
    suppress = settled["suppress"]
    settled["suppress"] = [suppress] if isinstance(suppress, str | os.PathLike) else suppress
    rules = platform_of(platform, [columns] if isinstance(columns, str) else columns)
    found = source_of(source)
    if settled["contacts"] is None:
        raise UsageError(message("{contacts} must be a file of contacts; got none. Name one."))
    previous, warnings = check_places(rules, output, diff, found, settled)
    _discard_left(os.fspath(output))
    snapshot, machine = found.snapshot, Machine.of(settled)
    country = settled["default_country"]
    contacts = PersonalFile("contacts", settled["contacts"], snapshot)
    _refuse_no_addresses(rules, contacts)
    consents = Consents.found(rules, contacts, consent, is_checked=not no_consent_check)
    members = members_of(snapshot, conditions_of(who), rules, machine)
    suppression = read_suppression(
        settled["suppress"], snapshot, None if country is None else country_of(country)
    )
    with Workspace(machine) as space:
        rows = Rows(space, members, Rules(rules, consents, suppression))
        rows.build(contacts)
        passed = {name: rows.passed.customers(check) for name, check in _CHECKS.items()}
        counts = {"members": len(members.table)} | passed
        space.keep("repeated", query("repeated"), {})
        lists = Lists(space, rules, members.kind)
        text = os.fspath(output)
        if diff is not None:
            written = lists.write_changes(text, previous)
        elif ending(text) == ".csv":
            written = lists.write_csv(text)
        else:
            about = {"platform": platform, "as_of": str(found.as_of), "counts": counts}
            metadata = {METADATA: json.dumps(about).encode()}
            written = lists.write_table(text, metadata, machine.threads)
    counts["written"] = written.customers
    return Audience(
        platform,
        found.as_of,
        counts,
        written.rows,
        written.added,
        written.removed,
        rows.invalid.by_reason(),
        members.renamed,
        written.files,
        [*warnings, *_size_warnings(rules, written)],
    )


def _discard_left(output: str) -> None:
    """Delete the personal data that a killed run of the same output has left."""
    if output != "-":
        target = Path(output).resolve()
        discard_left_beside(target, lambda name: name == target.name or is_part(name, target.name))


def _refuse_no_addresses(platform: Platform, contacts: PersonalFile) -> None:
    fields = [each.field for each in platform.identifiers if each.field in (EMAIL, PHONE)]
    if fields and not any(map(contacts.has, fields)):
        names = " or ".join(map(repr, dict.fromkeys(fields)))
        raise UsageError(
            message(
                "{contacts} must have the column {}; got none. Name the columns in the first line.",
                names,
            )
        )


def _size_warnings(platform: Platform, written: Written) -> list[DataWarning]:
    size = platform.size
    if size is None or written.customers >= size.least:
        return []
    text = (
        f"a list for {platform.title} should have at least {size.least:,} customers; got "
        f"{written.customers:,}. {size.text}; expect a match rate below one."
    )
    return [DataWarning("small_list", text)]
