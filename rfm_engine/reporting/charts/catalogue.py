"""All charts of a report, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rfm_engine.reporting.charts.affinity import affinity_charts
from rfm_engine.reporting.charts.clv_calibration import calibration_chart
from rfm_engine.reporting.charts.clv_tracking import tracking_chart
from rfm_engine.reporting.charts.cohorts import cohorts_chart
from rfm_engine.reporting.charts.concentration import concentration_chart
from rfm_engine.reporting.charts.distributions import distribution_chart
from rfm_engine.reporting.charts.flows import flows_chart
from rfm_engine.reporting.charts.history import history_chart
from rfm_engine.reporting.charts.movement import movement_chart
from rfm_engine.reporting.charts.painting import Document
from rfm_engine.reporting.charts.retention import retention_chart
from rfm_engine.reporting.charts.roi import roi_chart
from rfm_engine.reporting.charts.scores import scores_chart
from rfm_engine.reporting.charts.treemap import treemap
from rfm_engine.reporting.drawing.chart import Chart
from rfm_engine.reporting.language import Language

Builder = Callable[[Document, Language], Chart | None]

_BUILDERS: tuple[Builder, ...] = (
    partial(treemap, of_spend=False),
    partial(treemap, of_spend=True),
    partial(scores_chart, kind="customers"),
    partial(scores_chart, kind="spend"),
    partial(scores_chart, kind="aov"),
    partial(distribution_chart, axis="recency"),
    partial(distribution_chart, axis="frequency"),
    partial(distribution_chart, axis="monetary"),
    concentration_chart,
    movement_chart,
    flows_chart,
    retention_chart,
    cohorts_chart,
    history_chart,
    calibration_chart,
    tracking_chart,
    roi_chart,
)


def charts_of(document: Document, language: Language) -> dict[str, Chart]:
    """Return the charts for which a document has data, by name.

    There are none if the number of all customers is hidden.
    """
    if document["head"]["customers"] is None:
        return {}
    found = [build(document, language) for build in _BUILDERS]
    drawn = [chart for chart in found if chart is not None]
    return {chart.name: chart for chart in [*drawn, *affinity_charts(document, language)]}
