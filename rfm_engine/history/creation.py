"""Create a history: check its options and write what all its snapshots must have in common."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rfm_engine.errors import StateError, UsageError, path_text, shown
from rfm_engine.history.about import About
from rfm_engine.history.contract import agreed_of
from rfm_engine.history.files import Files
from rfm_engine.history.store import Store, is_left
from rfm_engine.history.writing import MODEL, as_json
from rfm_engine.options.messages import message
from rfm_engine.orders.sources.uris import is_uri
from rfm_engine.output.models import save_model
from rfm_engine.result.model import Model, load_model


def create(
    path: str | os.PathLike[str],
    frozen: str | os.PathLike[str] | None,
    files: Files | None,
    options: Mapping[str, Any],
) -> Store:
    """Write an empty history with some options of `score`, and the path of a model or None.

    Raises
    ------
    UsageError
        An option is wrong, or cannot be used in a history.
    StateError
        The path is a file or a folder that is not empty.
    """
    given = path_text("history", path)
    folder = Path(given)
    _check_place(folder, given)
    model = None if frozen is None else load_model(frozen, "frozen")
    _refuse_model(options, model)
    kept = {name: each for name, each in options.items() if name != "as_of"}
    kept |= _absolute(kept)
    agreed = agreed_of(kept if model is None else kept | {"model": model})
    folder.mkdir(exist_ok=True)
    store = Store(folder, files)
    about = About(as_json(kept), agreed, frozen=model is not None)
    with store.writing() as transaction:
        transaction.seal_history(about.to_json())
        if model is not None:
            save_model(model, transaction.file(MODEL))
    return store


def _check_place(folder: Path, given: str) -> None:
    if is_uri(given):
        raise UsageError(
            f"history must be a folder on a local file system; got {shown(given)}. Object stores "
            "do not guarantee locks. Keep it on a local disk, and copy it there."
        )
    if not folder.parent.is_dir():
        raise UsageError(
            f"the parent folder of history {str(folder)!r} must exist; got none. Create it."
        )
    # A writer that was killed before it published the history has left its temporary folder.
    if folder.is_file() or (folder.is_dir() and not all(map(is_left, folder.iterdir()))):
        what = "a file" if folder.is_file() else "a folder that is not empty"
        raise StateError(
            f"history {str(folder)!r} must be a new or empty folder; got {what}. Choose "
            "another folder, or add to the existing history."
        )


def _refuse_model(options: Mapping[str, Any], frozen: Model | None) -> None:
    if options.get("model") is None:
        return
    if frozen is not None:
        raise UsageError(
            message(
                "{model} must not be used with {frozen}, which names a model; got both. Leave "
                "{model} out."
            )
        )
    raise UsageError(
        message("{frozen} must name the model of a history; got {model}. Use {frozen} instead.")
    )


def _absolute(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that name files, with absolute paths."""
    found = {}
    for name in ("scheme", "rates", "attributes"):
        text = options.get(name)
        if text is not None and (name != "scheme" or os.fspath(text).endswith(".toml")):
            with suppress(TypeError):
                found[name] = str(Path(os.fspath(text)).absolute())
    return found
