"""What happened to a step of a night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from rfm_engine.orders.warnings import DataWarning

DONE, ALREADY, SKIPPED, FAILED = "done", "already", "skipped", "failed"
INGEST = "ingest"
"""The first step."""


class Step(NamedTuple):
    """What happened to a step.

    Attributes
    ----------
    as_of
        The date; None if the night failed before it was known.
    name
        `ingest`, `score`, `history`, `tiers`, `events`, `flows`, `audiences` or `report`.
    status
        `done`, `already` (done in an earlier run), `skipped` or `failed`.
    about
        Its numbers, the `reason` why it was skipped, or the `error` of a step that failed.
    warnings
        The warnings about the data.
    error
        The error of a step that failed.
    """

    as_of: date | None
    name: str
    status: str
    about: Mapping[str, Any] = {}
    warnings: tuple[DataWarning, ...] = ()
    error: Exception | None = None
