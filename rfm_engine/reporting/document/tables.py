"""The sections of the report document that tables in files give."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from rfm_engine.activation.campaign.report_table import TABLE as CAMPAIGN
from rfm_engine.clv.report_tables import CALIBRATION, TRACKING
from rfm_engine.errors import UsageError
from rfm_engine.reporting.document.affinity import affinity_entry
from rfm_engine.reporting.document.campaigns import campaigns_in
from rfm_engine.reporting.document.clv import clv_section
from rfm_engine.reporting.document.cohorts import KEYS, cohorts_section
from rfm_engine.reporting.document.movement import cuts_moved, movement_section
from rfm_engine.reporting.document.plain_table import plain_table
from rfm_engine.reporting.document.retention import retention_section
from rfm_engine.reporting.document.table_files import Row, TableFile, table_files
from rfm_engine.result.snapshot import Snapshot

CONCENTRATION = ("concentration", "concentration-make", "gini")


class Tables(NamedTuple):
    """What the tables of a folder give.

    Attributes
    ----------
    movement, retention, cohorts, clv
        Sections, or None.
    affinity, campaigns, tables
        Lists of entries.
    concentration
        Rows of the tables `concentration`, `concentration-make` and `gini`, by name.
    ignored
        Names of Parquet files that hold no table of ours, or one of customers.
    """

    movement: dict[str, Any] | None
    retention: dict[str, Any] | None
    cohorts: dict[str, Any] | None
    clv: dict[str, Any] | None
    affinity: list[dict[str, Any]]
    campaigns: list[dict[str, Any]]
    tables: list[dict[str, Any]]
    concentration: dict[str, list[Row]]
    ignored: list[str]


def tables_in(
    folder: str | os.PathLike[str], snapshot: Snapshot, before: Snapshot | None = None
) -> Tables:
    """Return what the tables in the Parquet files of a folder give; file names do not matter.

    Files without a table of ours are not read.

    Parameters
    ----------
    folder
        The folder with outputs of `rfm insight`, `rfm compare --table`, `rfm campaign report` and
        `rfm clv --validate`.
    snapshot
        The snapshot of the report.
    before
        The earlier snapshot of the report, if there is one.

    Raises
    ------
    UsageError
        There is no such folder, a table has another date, or a section has several files.
    DataError
        A file is damaged.
    """
    files, ignored = table_files(folder, snapshot)
    parts: dict[str, list[TableFile]] = defaultdict(list)
    for file in files:
        file.refuse_other_dates(before)
        parts[_part(file)].append(file)
    matrix, effects, retention, cohort, calibration, tracking = (
        _only(parts[name])
        for name in ("matrix", "effects", "retention", "cohort", CALIBRATION, TRACKING)
    )
    others = parts["tables"]
    if effects is not None and (matrix is None or matrix.dates != effects.dates):
        others, effects = [*others, effects], None
    return Tables(
        None if matrix is None else _movement(matrix, effects, before),
        None if retention is None else _retention(retention),
        None if cohort is None else _cohorts(cohort),
        clv_section(calibration, tracking),
        [affinity_entry(file.rows(), file.options) for file in parts["affinity"]],
        [each for file in parts["campaigns"] for each in campaigns_in(file)],
        [plain_table(file) for file in others],
        {file.kind: file.rows() for file in parts["concentration"]},
        ignored,
    )


def _part(file: TableFile) -> str:
    """Return the part of the document that a table fills."""
    kind = file.kind
    if kind == CAMPAIGN:
        return "campaigns"
    if kind in (CALIBRATION, TRACKING):
        return kind
    if file.is_movement:
        return kind if kind in ("matrix", "effects", "retention") else "tables"
    if kind == "cohort":
        is_plain = file.options["attribute"] is None and file.options["age"] is None
        return "cohort" if is_plain else "tables"
    if not file.is_whole:  # neither lifts nor concentration of groups can be added up
        return "tables"
    return "concentration" if kind in CONCENTRATION else kind if kind == "affinity" else "tables"


def _only(files: Sequence[TableFile]) -> TableFile | None:
    """Return the only file; None if there is none.

    Raises
    ------
    UsageError
        There are several.
    """
    if len(files) > 1:
        raise UsageError(
            f"insight must have one table {files[0].kind}; got "
            f"{', '.join(each.name for each in files)}. Remove the others."
        )
    return files[0] if files else None


def _movement(
    matrix: TableFile, effects: TableFile | None, before: Snapshot | None
) -> dict[str, Any]:
    after = matrix.snapshot
    return movement_section(
        matrix.rows("from", "to"),
        None if effects is None else effects.rows("segment"),
        matrix.dates,
        scale=after.scale,
        cuts_moved=None if before is None else cuts_moved(before, after),
    )


def _retention(file: TableFile) -> dict[str, Any]:
    return retention_section(file.rows("segment"), file.dates, scale=file.snapshot.scale)


def _cohorts(file: TableFile) -> dict[str, Any]:
    return cohorts_section(file.rows(*KEYS), file.options["period"], scale=file.snapshot.scale)
