"""The files of a folder that hold a table of ours, as their metadata say; no other is read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from rfm_engine.activation.campaign.report_table import TABLE as CAMPAIGN
from rfm_engine.clv.report_tables import SCHEMAS as OF_CLV
from rfm_engine.errors import DataError, UsageError, path_text, shown_cause
from rfm_engine.insight.tables import TABLES as OF_INSIGHT
from rfm_engine.insight.tables import sql_of as insight_sql
from rfm_engine.movement.summary import rows_together
from rfm_engine.movement.tables import TABLES as OF_MOVEMENT
from rfm_engine.movement.tables import sql_of as movement_sql
from rfm_engine.query.relations import free_name
from rfm_engine.result.snapshot import Snapshot
from rfm_engine.result.table_origin import METADATA_KEY

Row = dict[str, Any]


class TableFile(NamedTuple):
    """A file with a table of ours.

    Attributes
    ----------
    name
        The name of the file without its folder.
    origin
        The name of the table, its options and so on, from the metadata.
    table
        The rows.
    snapshot
        The snapshot of the report.
    """

    name: str
    origin: dict[str, Any]
    table: pa.Table
    snapshot: Snapshot

    @property
    def kind(self) -> str:
        """The name of the table."""
        return str(self.origin["table"])

    @property
    def is_movement(self) -> bool:
        """Whether it compares two dates."""
        return "from" in self.origin

    @property
    def dates(self) -> tuple[date, date]:
        """The dates that a table of movement compares."""
        begin, end = (date.fromisoformat(self.origin[key]) for key in ("from", "to"))
        return begin, end

    @property
    def options(self) -> dict[str, Any]:
        """The options of the table."""
        found: dict[str, Any] = self.origin["options"]
        return found

    @property
    def title(self) -> str:
        """What the table answers."""
        if self.is_movement:
            return movement_sql(self.kind).title
        return insight_sql(OF_INSIGHT[self.kind].file(self.kind, self.options)).title

    @property
    def by(self) -> str | None:
        """The column of groups; None without."""
        by = self.snapshot.options["by"]
        others = self.table.column_names
        own: str = others.pop(1 if self.kind == CAMPAIGN else 0)
        return own if by is not None and own == free_name(by, "by", others) else None

    @property
    def is_whole(self) -> bool:
        """Whether the table has rows of all customers together."""
        return self.by is None or self.snapshot.overall is not None

    def rows(self, *keys: str) -> list[Row]:
        """Return the rows without groups: of all groups together, or else added up."""
        return rows_together(
            self.table, self.by, keys, has_overall=self.snapshot.overall is not None
        )

    def refuse_other_dates(self, before: Snapshot | None) -> None:
        """Refuse a table of another date than that of the report.

        Raises
        ------
        UsageError
            The dates differ.
        """
        if self.kind == CAMPAIGN:
            return
        dates = {"to" if self.is_movement else "as_of": self.snapshot.as_of}
        if self.is_movement and before is not None:
            dates["from"] = before.as_of
        for key, day in dates.items():
            found = self.origin.get(key)
            if found != str(day):
                raise UsageError(
                    f"insight file {self.name!r} must have the date {day} of the report; got "
                    f"{found} in its table {self.kind}. Remove the file, or compute it "
                    "again."
                )


def table_files(
    folder: str | os.PathLike[str], snapshot: Snapshot
) -> tuple[list[TableFile], list[str]]:
    """Read the tables of ours among the Parquet files of a folder, sorted by file name.

    Returns
    -------
    tuple
        The tables, and the names of all other Parquet files, of which only metadata were read.

    Raises
    ------
    UsageError
        The path is no folder.
    DataError
        A file is not Parquet, or damaged.
    """
    place = Path(path_text("insight", folder))
    if not place.is_dir():
        raise UsageError(
            f"insight must be a folder of tables; got {str(place)!r}. Write some with rfm insight "
            "... -o FOLDER."
        )
    found, ignored = [], []
    for path in sorted(place.glob("*.parquet")):
        try:
            origin = None if path.is_dir() else _origin(path, snapshot)
            if origin is None:
                ignored.append(path.name)
            else:
                found.append(TableFile(path.name, origin, pq.read_table(path), snapshot))
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"insight file {path.name!r} must be undamaged Parquet; got {shown_cause(error)}. "
                "Write it again, or remove it."
            ) from None
    return found, ignored


def _origin(path: Path, snapshot: Snapshot) -> dict[str, Any] | None:
    """Return the origin of a table of ours; None of other files, and if it names customers."""
    schema = pq.read_schema(path)
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return None
    origin: dict[str, Any] = json.loads(text)
    kind, options = origin["table"], origin.get("options")
    if kind == CAMPAIGN or (kind in OF_CLV and isinstance(options, dict)):
        return origin
    known = OF_MOVEMENT if "from" in origin else OF_INSIGHT
    # The query of a user has no options, and may have the name of a table of ours.
    if options is None or kind not in known or _names_customers(options, schema.names, snapshot):
        return None
    return origin


def _names_customers(options: dict[str, Any], columns: Sequence[str], snapshot: Snapshot) -> bool:
    """Return whether a table has a row for each customer, because an option names their ids."""
    customer = snapshot.options["customer"]
    split = options.get("split") or ()
    return customer in (*columns, *split, options.get("attribute"))
