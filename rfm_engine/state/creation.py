"""Create a state: check its options and publish its first, empty generation."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rfm_engine.errors import StateError, UsageError, path_text, shown, shown_cause
from rfm_engine.options.messages import as_given, message, named
from rfm_engine.orders.csv_format import null_words
from rfm_engine.orders.distinct_columns import column_names
from rfm_engine.orders.reading import NEWEST, Reading, conditions_of
from rfm_engine.orders.roles import NOUNS
from rfm_engine.orders.sources.uris import is_uri
from rfm_engine.state.disk import Disk
from rfm_engine.state.history import History
from rfm_engine.state.manifest import Generation, Manifest
from rfm_engine.state.options import DEFAULTS
from rfm_engine.state.shape import OWN_COLUMNS
from rfm_engine.state.store import Store


def store_at(path: str | os.PathLike[str], disk: Disk | None = None) -> Store:
    """Return the store of a folder.

    Raises
    ------
    UsageError
        The path is not a path, or is a URI, or the system is Windows.
    """
    text = path_text("state", path)
    if sys.platform == "win32":
        raise UsageError(
            "states must be on a system that can sync and lock folders; got Windows. "
            "Use Linux or macOS."
        )
    if is_uri(text):
        raise UsageError(
            f"state must be a folder on a local file system; got {shown(text)}. Object stores and "
            "network file systems do not guarantee locks, or that a new name is visible at once "
            "and stays."
        )
    return Store(Path(text), disk)


def create(store: Store, history: str, keep_batches: int, keep: int, given: dict[str, Any]) -> None:
    """Check the options and publish the first generation.

    Raises
    ------
    UsageError
        An option has an invalid value, or the history does not support it.
    StateError
        The path is a file or a folder that is not empty.
    """
    options = _options(given)
    policy = History.parse(history)
    _refuse_what_history_cannot(policy, options)
    for name, number, least in (("keep_batches", keep_batches, 0), ("keep", keep, 1)):
        if type(number) is not int or number < least:
            raise UsageError(
                message("{} must be {} or more; got {}.", named(name), least, shown(number))
            )
    if not store.folder.parent.is_dir():
        raise UsageError(
            f"the parent folder of state {str(store.folder)!r} must exist; got none. Create it."
        )
    manifest = Manifest(
        options, policy.text, keep_batches, keep, secrets.randbits(63), (Generation(1),)
    )
    try:
        store.create(manifest)
    except (FileExistsError, NotADirectoryError):
        what = "a file" if store.folder.is_file() else "a folder that is not empty"
        raise StateError(
            f"state {str(store.folder)!r} must be a new or empty folder; got {what}. "
            "Choose another folder, or ingest into the existing state."
        ) from None
    except PermissionError as error:
        raise UsageError(
            f"the folder of state {str(store.folder)!r} must be writable; got "
            f"{shown_cause(error)}. Choose another folder."
        ) from error


def refuse_others(
    manifest: Manifest, asked: Mapping[str, Any], implied: Mapping[str, Any], who: str
) -> None:
    """Raise an error if options differ from those of the state.

    `asked` contains the given options, `implied` those that a scheme or a model requires, and `who`
    is the name of the scheme or the model. `frequency` is not compared here: the history checks it.

    Raises
    ------
    StateError
        An option differs.
    """
    _refuse_net_order(asked.get("refunds"))
    for name, held in manifest.options.items():
        if name == "frequency" or (name not in asked and name not in implied):
            continue
        value = _plain(name, asked[name] if name in asked else implied[name])
        if value != held:
            was = "not given" if held in (None, [], ()) else as_given(name, held)
            scheme = "" if name in asked else f", which {who} requires"
            raise StateError(
                message(
                    "{} must be as set when the state was created, {}; got {}{}. "
                    "Omit it, or create another state.",
                    named(name),
                    was,
                    as_given(name, value),
                    scheme,
                )
            )


def _plain(name: str, given: Any) -> Any:
    """Return an option in the form in which a manifest stores it."""
    if name == "where":
        return list(conditions_of(given))
    if name == "csv_null" and given is not None:
        return list(null_words(given))
    if name == "distinct":
        return list(column_names(given))
    if name == "rates" and given is not None:
        return os.path.abspath(path_text(named("rates"), given))  # noqa: PTH100
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
                f"{NOUNS[role]} column must not be named like a column of a state's files; got "
                f"{options[role]!r}. Rename it in the input."
            )
    return options


def _refuse_net_order(refunds: Any) -> None:
    if refunds == "net-order":
        raise UsageError(
            message(
                "{refunds} must be net, drop or error for a state, because it does not keep the "
                "sum of every order; got net-order. Score the orders themselves, or choose net."
            )
        )


def _refuse_what_history_cannot(history: History, options: dict[str, Any]) -> None:
    if options["frequency"] == "days" and not history.daily:
        raise UsageError(
            message(
                "{frequency} must be orders in a lifetime state, because it stores one record per "
                "customer and no days; got days. Create it with a rolling history."
            )
        )
    if options["customer_level"] and history.daily:
        raise UsageError(
            message(
                "{history} must be lifetime with {customer_level}, because totals of customers "
                "have no days; got {}. Omit one of the two.",
                history.text,
            )
        )
