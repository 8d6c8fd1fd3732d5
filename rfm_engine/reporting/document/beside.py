"""Sections from the inputs beside the snapshot, and which ones are lacking, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfm_engine.reporting.document.document import Sources


def sections_beside(sources: Sources) -> dict[str, Any]:
    """Return these sections; a section whose input is missing is None or an empty list."""
    return {
        "movement": None, "retention": None, "cohorts": None, "history": None, "affinity": [],
        "campaigns": [], "tables": [], "lacking": [],
    }  # fmt: skip
