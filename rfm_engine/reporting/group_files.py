"""Names of the files of groups, and the folder that they are written to."""

from __future__ import annotations

import os
import unicodedata
from hashlib import sha256
from pathlib import Path
from typing import Any

from rfm_engine.errors import Message, UsageError, path_text
from rfm_engine.options.messages import message
from rfm_engine.reporting.chart_files import refuse_missing_parent
from rfm_engine.reporting.document.groups import group_text
from rfm_engine.reporting.page.shell import is_page

INDEX = "index.html"
_FOLDER = Message("folder", "--each")
_MOST_BYTES = 80
_N_HEX = 12
_NO_GROUP = "no-group"
# Letters, marks and numbers of any script; all else becomes a hyphen.
_KEPT = "LMN"


def file_name(group: Any) -> str:
    """Return the name of the file with the page of a group; None is the null group.

    The name is safe on all systems, and the same in each run: the letters and digits of the group
    in lower case, and the start of the SHA-256 of the group, so that groups whose letters are equal
    have different names, also on disks that ignore case.
    """
    written = group_text(group)
    if written is None:
        return f"{_NO_GROUP}.html"
    # Letters can have two forms, and lower case can have another one.
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", written).casefold())
    kept = "".join(each if unicodedata.category(each)[0] in _KEPT else " " for each in text)
    words = "-".join(kept.split()).encode()[:_MOST_BYTES].decode(errors="ignore")
    # Binary groups that are no text can be equal as text.
    exact = group if isinstance(group, bytes) else written.encode()
    digest = sha256(exact).hexdigest()[:_N_HEX]
    return "-".join(filter(None, [words.strip("-"), digest])) + ".html"


def checked_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder for pages, which may be replaced.

    Raises
    ------
    UsageError
        Its parent does not exist, or it contains other files than pages of rfm-engine.
    """
    text = path_text(_FOLDER, folder)
    target = Path(text).resolve()
    refuse_missing_parent(_FOLDER, target)
    if target.exists() and not (target.is_dir() and all(map(is_page, target.iterdir()))):
        raise UsageError(
            message(
                "{} must be new, empty or a folder with pages of rfm report only; got {!r}. "
                "Choose another name or empty it.",
                _FOLDER, text,
            )
        )  # fmt: skip
    return target
