"""Two snapshots and what happened between them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

from rfm_engine.insight.finishing import Finished
from rfm_engine.movement.agreement import refuse_contradiction
from rfm_engine.movement.population import Population
from rfm_engine.movement.tables import asked_of
from rfm_engine.options.groups import CompareOptions
from rfm_engine.options.resolution import given, resolve
from rfm_engine.query.connection import require_duckdb
from rfm_engine.query.session import Machine
from rfm_engine.result.snapshot import Snapshot


class Comparison:
    """Two snapshots of the same customers at two dates.

    Each method returns a table; with groups, the group is its first column. What two tables have in
    common is computed once.

    Parameters
    ----------
    before, after
        Snapshots that were scored in the same way; the earlier one first.
    rows
        The orders of the second snapshot; None if no table needs them.
    options
        The options of tables and of running, see `CompareOptions`.

    Raises
    ------
    UsageError
        DuckDB is not installed, or an option is wrong.
    StateError
        The snapshots contradict each other.
    """

    def __init__(
        self, before: Snapshot, after: Snapshot, *, rows: object = None, **options: Any
    ) -> None:
        require_duckdb("rfm compare")
        refuse_contradiction(before, after)
        self.before, self.after = before, after
        self._rows = rows
        self._explicit = given("Comparison", CompareOptions, options)
        self._machine = Machine.of(resolve(CompareOptions, self._explicit))

    def matrix(self) -> pa.Table:
        """Return how many customers moved from each segment to each other, with their money."""
        return self.table("matrix").table

    def effects(self, how: Literal["path", "shapley"] = "path") -> pa.Table:
        """Return why the size of each segment changed: time, behaviour or cut points."""
        return self.table("effects", effects=how).table

    def classes(self) -> pa.Table:
        """Return how many customers stayed, moved, or were moved by the cut points."""
        return self.table("classes").table

    def retention(self) -> pa.Table:
        """Return how many customers of each segment bought again."""
        return self.table("retention").table

    def table(self, name: str, **options: Any) -> Finished:
        """Compute a table, with its numbers, its warnings and its metadata.

        Raises
        ------
        UsageError, DataError
            The table or an option does not exist, or the table needs other snapshots or rows.
        """
        own = given(name, CompareOptions, options)
        settled = resolve(CompareOptions, own, self._explicit)
        asked = asked_of(name, self.before, self.after, settled)
        found: Finished | None = None
        for population in self._populations:
            each = population.finished(asked, settled)
            found = each if found is None else found.with_overall(each, self.after.options["by"])
        assert found is not None
        return found.described({
            "table": name, "from": self.before.as_of, "to": self.after.as_of,
            "options": {key: settled[key] for key in asked.table.options},
        })  # fmt: skip

    @cached_property
    def _populations(self) -> list[Population]:
        """The customers within groups or of all, and then those of all groups together."""
        both = zip(self.before.populations, self.after.populations, strict=True)
        return [Population(*each, self._rows, self._machine) for each in both]
