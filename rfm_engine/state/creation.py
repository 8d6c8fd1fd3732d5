"""A state made: its options checked, and its first, empty generation published."""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rfm_engine.errors import StateError, UsageError, path_text, shown, shown_cause
from rfm_engine.orders.csv_format import null_words
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.reading import NEWEST, Reading, conditions_of
from rfm_engine.state.disk import Disk
from rfm_engine.state.history import History
from rfm_engine.state.manifest import Generation, Manifest
from rfm_engine.state.options import DEFAULTS
from rfm_engine.state.shape import OWN_COLUMNS
from rfm_engine.state.store import Store

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def store_at(path: str | os.PathLike[str], disk: Disk | None = None) -> Store:
    """Return the store of a folder.

    Raises
    ------
    UsageError
        The path is none, or a URI.
    """
    text = path_text("state", path)
    if sys.platform == "win32":
        raise UsageError(
            "states must stand on a system that syncs and locks folders; got Windows. "
            "Use Linux or macOS."
        )
    if _URI.match(text):
        raise UsageError(
            f"state must be a folder of a local file system; got {shown(text)}. Object stores and "
            "network file systems promise neither locks nor names that appear at once and stay."
        )
    return Store(Path(text), disk)


def create(store: Store, history: str, keep_batches: int, keep: int, given: dict[str, Any]) -> None:
    """Check what was given and publish the first generation.

    Raises
    ------
    UsageError
        An option is none of its choices, or the history cannot keep what it asks for.
    StateError
        Something is there already.
    """
    options = _options(given)
    policy = History.parse(history)
    _refuse_what_history_cannot(policy, options)
    for name, number, least in (("keep_batches", keep_batches, 0), ("keep", keep, 1)):
        if type(number) is not int or number < least:
            raise UsageError(f"{name} must be {least} or more; got {shown(number)}.")
    if not store.folder.parent.is_dir():
        raise UsageError(
            f"the folder of state {str(store.folder)!r} must be there; got none. Create it first."
        )
    manifest = Manifest(
        options, policy.text, keep_batches, keep, secrets.randbits(63), (Generation(1),)
    )
    try:
        store.create(manifest)
    except (FileExistsError, NotADirectoryError):
        what = "a file" if store.folder.is_file() else "one with something in it"
        raise StateError(
            f"state {str(store.folder)!r} must be a folder that is empty or not there; got {what}. "
            "Name another, or ingest into the one that is there."
        ) from None
    except PermissionError as error:
        raise UsageError(
            f"the folder of state {str(store.folder)!r} must be one that can be written to; got "
            f"{shown_cause(error)}. Name another."
        ) from error


def refuse_others(
    manifest: Manifest, asked: Mapping[str, Any], implied: Mapping[str, Any], who: str
) -> None:
    """Refuse options that differ from those that a state has set.

    `asked` are the options given, `implied` those that a scheme or a model brings, `who` is the
    scheme or the model. Whether orders or days are counted is left to the history.

    Raises
    ------
    StateError
        One differs.
    """
    _refuse_net_order(asked.get("refunds"))
    for name, held in manifest.options.items():
        if name == "frequency" or (name not in asked and name not in implied):
            continue
        value = _plain(name, asked[name] if name in asked else implied[name])
        if value != held:
            was = "not given" if held in (None, [], ()) else shown(held)
            scheme = "" if name in asked else f", which {who} asks for"
            raise StateError(
                f"{name} must be as it was when the state was created, {was}; got {shown(value)}"
                f"{scheme}. Leave it out, or create another state."
            )


def _plain(name: str, given: Any) -> Any:
    """Return an option as a manifest has it."""
    if name == "where":
        return list(conditions_of(given))
    if name == "csv_null" and given is not None:
        return list(null_words(given))
    if name == "distinct":
        return list(column_names(given))
    if name == "rates" and given is not None:
        return os.path.abspath(path_text("rates", given))  # noqa: PTH100
    return given


def _options(given: dict[str, Any]) -> dict[str, Any]:
    options = DEFAULTS | given
    _refuse_net_order(options["refunds"])
    listed = ("where", "rates", "csv_null", "distinct")
    options |= {name: _plain(name, options[name]) for name in listed}
    reading = Reading(as_of=NEWEST, **options)
    options["n_orders"] = reading.options["n_orders"]
    for role in ("customer", "by"):
        if options[role] in OWN_COLUMNS:
            raise UsageError(
                f"{role} column must not be named like a column of a state's files; got "
                f"{options[role]!r}. Rename it in the input."
            )
    return options


def _refuse_net_order(refunds: Any) -> None:
    if refunds == "net-order":
        raise UsageError(
            "refunds must be net, drop or error for a state, because it does not keep the sum of "
            "every order; got net-order. Score the orders themselves, or choose net."
        )


def _refuse_what_history_cannot(history: History, options: dict[str, Any]) -> None:
    if options["frequency"] == "days" and not history.daily:
        raise UsageError(
            "frequency must be orders in a lifetime state: one record a customer does not know "
            "single days; got days. Create it with a rolling history."
        )
    if options["customer_level"] and history.daily:
        raise UsageError(
            "history must be lifetime with customer_level: totals of customers have no days; got "
            f"{history.text}. Leave one of the two out."
        )
