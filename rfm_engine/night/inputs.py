"""The files that a night reads: a pattern of orders may match none, as files may be moved."""

from __future__ import annotations

from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

from rfm_engine.orders.sources.table_places import DELTA
from rfm_engine.orders.sources.uris import is_uri


def inputs_now(inputs: Sequence[str]) -> list[str]:
    """Return the inputs, without patterns of local paths that match nothing."""
    return [each for each in inputs if not _is_pattern(each) or glob(each, recursive=True)]  # noqa: PTH207


def is_there(given: str) -> bool:
    """Whether a local path or pattern has a file; URIs are not looked up."""
    return is_uri(given) or Path(given).exists() or bool(glob(given, recursive=True))  # noqa: PTH207


def _is_pattern(given: str) -> bool:
    if given.startswith(DELTA):
        return False
    return not is_uri(given) and has_magic(given) and not Path(given).exists()
