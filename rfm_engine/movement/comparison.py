"""Two snapshots and what happened between them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

from rfm_engine.insight.finishing import Finished
from rfm_engine.movement.agreement import refuse_contradiction
from rfm_engine.movement.judgement import is_ranked
from rfm_engine.movement.population import Population
from rfm_engine.movement.summary import rows_together, sizes
from rfm_engine.movement.summary_html import summary_html
from rfm_engine.movement.tables import asked_of, refuse_others
from rfm_engine.options.groups import CompareOptions
from rfm_engine.options.resolution import given, resolve
from rfm_engine.orders.sources.entry import files_of
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
        DuckDB is not installed, an option is wrong, or a file does not exist.
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
        self._settled = resolve(CompareOptions, self._explicit)
        self._machine = Machine.of(self._settled)
        # Also if no table needs them, so that a wrong path is noticed at once.
        for inputs in (rows, self._settled["touches"], self._settled["customer_list"]):
            files_of(inputs, as_files=True, store_timeout=self._settled["store_timeout"])

    def matrix(self) -> pa.Table:
        """Return how many customers moved from each segment to each other, with their money."""
        return self.table("matrix").table

    def effects(self, how: Literal["path", "shapley"] | None = None) -> pa.Table:
        """Return why the size of each segment changed: time, behaviour or cut points.

        Without `how` the option `effects` of the comparison applies.
        """
        own = {} if how is None else {"effects": how}
        return self.table("effects", **own).table

    def classes(self) -> pa.Table:
        """Return how many customers stayed, moved, or were moved by the cut points."""
        return self.table("classes").table

    def retention(self) -> pa.Table:
        """Return how many customers of each segment bought again."""
        return self.table("retention").table

    def second_order(self) -> pa.Table:
        """Return after how many days customers order again (Kaplan-Meier)."""
        return self.table("second-order").table

    def lifecycle(self) -> pa.Table:
        """Return how many customers are new, retained, returned, lost or inactive."""
        return self.table("lifecycle").table

    def aipl(self) -> pa.Table:
        """Return how people moved between awareness, interest, purchase and loyalty."""
        return self.table("aipl").table

    def period(self) -> pa.Table:
        """Return what the customers of each segment bought before and after the first date."""
        return self.table("period").table

    def table(self, name: str, **options: Any) -> Finished:
        """Compute a table, with its numbers, its warnings and its metadata.

        Raises
        ------
        UsageError, DataError
            The table or an option does not exist, or the table needs other snapshots or rows.
        """
        own = given("table", CompareOptions, options)
        refuse_others(name, own)
        settled = resolve(CompareOptions, own, self._explicit)
        asked = asked_of(name, self.before, self.after, settled, has_rows=self.has_rows)
        found: Finished | None = None
        for population in self.populations:
            each = population.finished(asked, settled)
            found = each if found is None else found.with_overall(each, self.after.options["by"])
        assert found is not None
        return found.described({
            "table": name, "from": self.before.as_of, "to": self.after.as_of,
            "options": {key: settled[key] for key in asked.table.options},
        })  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Return both dates, the numbers of customers, and the rows of the tables of segments.

        Methods without cut points have neither `effects` nor `classes`.
        """
        found: dict[str, Any] = {"from": self.before.as_of, "to": self.after.as_of}
        # Effects first: the other tables then find what they need.
        more = {} if is_ranked(self.before) else {
            "effects": self.effects().to_pylist(),
            "classes": self.classes().to_pylist(),
        }  # fmt: skip
        matrix = self.matrix()
        found |= sizes(self.together(matrix, "from", "to")) | {"matrix": matrix.to_pylist()}
        return found | more

    def together(self, table: pa.Table, *keys: str) -> list[dict[str, Any]]:
        """Return the rows of a table for all groups together; `keys` name the rows.

        They are those of the option `overall` if the snapshots have it, or else sums.
        """
        by = None if self.after.options["by"] is None else table.column_names[0]
        return rows_together(table, by, keys, has_overall=self.after.overall is not None)

    def _repr_html_(self) -> str:
        """Return sizes, matrix and effects for notebooks; groups are taken together."""
        effects = None
        if not is_ranked(self.before):
            effects = self.together(self.effects(), "segment")
        return summary_html(
            f"{self.before.as_of} to {self.after.as_of}",
            self.together(self.matrix(), "from", "to"),
            effects,
        )

    @property
    def has_rows(self) -> bool:
        """Whether the orders of the second snapshot were given."""
        return self._rows is not None

    @cached_property
    def populations(self) -> list[Population]:
        """The customers within groups or of all, and then those of all groups together."""
        both = zip(self.before.populations, self.after.populations, strict=True)
        return [Population(*each, self._rows, self._machine) for each in both]
