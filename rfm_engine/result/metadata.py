"""The metadata of an output: everything that a snapshot contains besides its customers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from datetime import date
from hashlib import sha256
from shlex import quote
from typing import Any

from rfm_engine.errors import DataError, UsageError, shown
from rfm_engine.orders.ledger import RowCounts
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.result.result import Result
from rfm_engine.result.summary import CellTotals, SegmentTotals, cuts_in_units
from rfm_engine.scoring.cells import Cuts
from rfm_engine.scoring.survey import Survey
from rfm_engine.segments.fact_totals import FactTotals
from rfm_engine.segments.frozen_scheme import own_scheme
from rfm_engine.segments.labels import SegmentSums
from rfm_engine.segments.parser import scheme_of

METADATA_KEY = b"rfm_engine"
FORMAT = 2
"""Version number of the format of the metadata."""
MOST_CELLS = 10_000
MOST_SURVEY_BYTES = 1_000_000
# These options change no row, so they are not written to the options in the metadata.
_RUNNING = ("threads", "memory_limit", "sort")
_TUPLES = ("csv_null", "distinct", "where", "discount")


def metadata_of(result: Result, survey: Survey | None) -> dict[bytes, str]:
    """Return the schema metadata that describe a result."""
    about = {
        "snapshot": FORMAT,
        "version": result.version,
        "as_of": None if result.as_of is None else result.as_of.isoformat(),
        "cuts": cuts_in_units(result.cuts, result.money_scale),
        "options": {key: result.options[key] for key in result.options if key not in _RUNNING},
        "scheme": own_scheme(result.scheme),
        "survey": _survey_text(survey),
        **_described(result),
        **({} if result.options["sort"] is None else {"sorted": result.options["sort"]}),
    }
    if result.overall is not None:
        about["overall"] = {
            "cuts": cuts_in_units(result.overall.cuts, result.overall.money_scale),
            **_described(result.overall),
        }
    plain = json.loads(json.dumps(about, default=str))
    return {METADATA_KEY: json.dumps(plain | {"digest": _digest_of(plain)})}


def with_forgotten(metadata: dict[bytes, bytes], n_rows: int, place: str) -> dict[bytes, str]:
    """Return the metadata of an output after `n_rows` more rows of customers were deleted.

    Totals, counts and cut points do not change.

    Raises
    ------
    DataError
        The metadata are damaged.
    """
    about = described_by(metadata, place)
    about["forgotten_rows"] = about.get("forgotten_rows", 0) + n_rows
    return {METADATA_KEY: json.dumps(about | {"digest": _digest_of(about)})}


def _digest_of(about: dict[str, Any]) -> str:
    return sha256(json.dumps(about).encode()).hexdigest()


def cell_totals(
    by_cell: Sequence[tuple[tuple[int, int, int], SegmentSums]],
) -> tuple[CellTotals, ...]:
    """Return totals by (r, f, m), or by (r, f) if there are more than `MOST_CELLS` cells."""
    if len(by_cell) <= MOST_CELLS:
        return tuple(CellTotals(*scores, *sums) for scores, sums in by_cell)
    added: dict[tuple[int, int], list[int]] = {}
    for (r, f, _), sums in by_cell:
        own = added.setdefault((r, f), [0] * len(sums))
        for place, each in enumerate(sums):
            own[place] += each
    return tuple(CellTotals(r, f, None, *sums) for (r, f), sums in added.items())


def _survey_text(survey: Survey | None) -> str | None:
    if survey is None:
        return None
    text = survey.first_level().to_json()
    return text if len(text) <= MOST_SURVEY_BYTES else None


def _described(result: Result) -> dict[str, Any]:
    """Return the counts and cut points of one population."""
    rows = result.rows
    settled = [result.settled(number) for number in range(len(result.scheme.segments))]
    return {
        "scale": result.scale,
        "money_scale": result.money_scale,
        "weights": result.weights,
        "rows": {"read": rows.read, "counted": rows.counted, "dropped": rows.dropped},
        "amounts_rounded": rows.amounts_rounded,
        "customers_without_orders": result.customers_without_orders,
        "cuts_minor": result.cuts,
        "cuts_by_group": result.cuts_by_group,
        "conditions": result.conditions,
        "settled": settled,
        "frozen_scheme": None if result.cuts is None else result.frozen_scheme(),
        "segments": [list(astuple(each)) for each in result.segment_totals],
        "cells": [list(astuple(each)) for each in result.cells],
        "customers_by_score": result.customers_by_score,
        "warnings": result.warnings,
        **({} if result.facts is None else result.facts.to_metadata()),
        **result._unmatched(),
    }


def described_by(metadata: dict[bytes, bytes] | None, place: str) -> dict[str, Any]:
    """Return the parsed metadata of a file.

    Raises
    ------
    UsageError
        The metadata are not the metadata of a snapshot.
    DataError
        The metadata are damaged.
    """
    text = (metadata or {}).get(METADATA_KEY)
    if text is None:
        raise UsageError(
            f"snapshot must be Parquet or Arrow IPC written by rfm score; got {place!r}, which rfm "
            f"score did not write. Run rfm score {quote(place)} -o customers.parquet first."
        )
    try:
        found: dict[str, Any] = json.loads(text)
        form = found.get("snapshot")
    except (ValueError, AttributeError, RecursionError):
        raise _damaged(place) from None
    if form != FORMAT:
        raise UsageError(
            f"snapshot {place!r} must have format {FORMAT}; got {shown(form)}. "
            "Score the orders again with this version of rfm-engine."
        )
    if found.pop("digest", None) != _digest_of(found):
        raise _damaged(place)
    return found


def _damaged(place: str) -> DataError:
    """Return the error for metadata that are damaged or were changed."""
    return DataError(
        f"snapshot {place!r} must have unchanged metadata; got damaged or changed metadata. "
        "Score the orders again."
    )


def population_from(about: dict[str, Any], own: dict[str, Any], place: str) -> dict[str, Any]:
    """Return the fields of `ScoredPopulation` from metadata; `own` describes one population."""
    rows, cuts = own["rows"], own["cuts_minor"]
    options = {
        name: tuple(each) if name in _TUPLES else each for name, each in about["options"].items()
    }
    return {
        "scheme": scheme_of(about["scheme"], place),
        "as_of": None if about["as_of"] is None else date.fromisoformat(about["as_of"]),
        "rows": RowCounts(rows["read"], rows["counted"], rows["dropped"], own["amounts_rounded"]),
        "cuts": None if cuts is None else Cuts(*cuts),
        "cuts_by_group": own["cuts_by_group"],
        "conditions": tuple((text, value) for text, value in own["conditions"]),
        "segment_totals": tuple(SegmentTotals(*each) for each in own["segments"]),
        "cells": tuple(CellTotals(*each) for each in own["cells"]),
        "customers_by_score": own["customers_by_score"],
        "customers_without_orders": own["customers_without_orders"],
        "facts": FactTotals.from_metadata(own),
        "attributes_unmatched": own.get("attributes_unmatched"),
        "warnings": tuple(DataWarning(*each) for each in own["warnings"]),
        "scale": own["scale"],
        "money_scale": own["money_scale"],
        "weights": own["weights"],
        "options": options | {"sort": about.get("sorted")},
        "version": about["version"],
    }
