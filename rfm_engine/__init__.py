"""Exact recency, frequency and monetary segmentation of tens of millions of customers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfm_engine import insight as insight
    from rfm_engine import serve as serve
    from rfm_engine import spark as spark
    from rfm_engine.activation import campaign as campaign
    from rfm_engine.activation import flows as flows
    from rfm_engine.activation.audiences.audience import Audience as Audience
    from rfm_engine.activation.audiences.audience import audience as audience
    from rfm_engine.api import __version__ as __version__
    from rfm_engine.api import score as score
    from rfm_engine.clv.model import ClvModel as ClvModel
    from rfm_engine.clv.model_files import load_clv as load_clv
    from rfm_engine.clv.models import fit_clv as fit_clv
    from rfm_engine.clv.models import validate_clv as validate_clv
    from rfm_engine.clv.validation.validation import Validation as Validation
    from rfm_engine.errors import DataError as DataError
    from rfm_engine.errors import RfmError as RfmError
    from rfm_engine.errors import StateError as StateError
    from rfm_engine.errors import UsageError as UsageError
    from rfm_engine.history.history import History as History
    from rfm_engine.insight.labelling import label as label
    from rfm_engine.night.night import Night as Night
    from rfm_engine.night.night import run_night as run_night
    from rfm_engine.normalize import normalized as normalized
    from rfm_engine.orders.ledger import RowCounts as RowCounts
    from rfm_engine.orders.stream import NormalizedRows as NormalizedRows
    from rfm_engine.orders.warnings import DataWarning as DataWarning
    from rfm_engine.output.models import save_model as save_model
    from rfm_engine.reporting.each import GroupReports as GroupReports
    from rfm_engine.reporting.each import group_reports as group_reports
    from rfm_engine.reporting.report import Report as Report
    from rfm_engine.reporting.report import report as report
    from rfm_engine.result.drift import Drift as Drift
    from rfm_engine.result.drift import drift as drift
    from rfm_engine.result.explanation import Explanation as Explanation
    from rfm_engine.result.explanation import explain as explain
    from rfm_engine.result.model import Model as Model
    from rfm_engine.result.model import load_model as load_model
    from rfm_engine.result.result import Result as Result
    from rfm_engine.result.snapshot import Snapshot as Snapshot
    from rfm_engine.result.snapshot import read_snapshot as read_snapshot
    from rfm_engine.result.summary import CellTotals as CellTotals
    from rfm_engine.result.summary import SegmentTotals as SegmentTotals
    from rfm_engine.scoring.cells import Cuts as Cuts
    from rfm_engine.scoring.concentration import Concentration as Concentration
    from rfm_engine.scoring.survey import Survey as Survey
    from rfm_engine.segments.fact_totals import FactTotals as FactTotals
    from rfm_engine.serve.lookup import Lookup as Lookup
    from rfm_engine.state.ingest import Ingested as Ingested
    from rfm_engine.state.state import State as State
    from rfm_engine.totals.aggregation import Progress as Progress
    from rfm_engine.totals.builder import CustomerTotals as CustomerTotals
    from rfm_engine.totals.totals import Totals as Totals

# Loaded when first used, because the command line needs only `rfm_engine.options` at the start.
_HOMES = {
    "Audience": "activation.audiences.audience",
    "ClvModel": "clv.model",
    "CustomerTotals": "totals.builder",
    "CellTotals": "result.summary",
    "Concentration": "scoring.concentration",
    "Cuts": "scoring.cells",
    "DataError": "errors",
    "DataWarning": "orders.warnings",
    "Drift": "result.drift",
    "Explanation": "result.explanation",
    "GroupReports": "reporting.each",
    "History": "history.history",
    "FactTotals": "segments.fact_totals",
    "Ingested": "state.ingest",
    "Lookup": "serve.lookup",
    "Model": "result.model",
    "Night": "night.night",
    "NormalizedRows": "orders.stream",
    "Progress": "totals.aggregation",
    "Report": "reporting.report",
    "Result": "result.result",
    "RfmError": "errors",
    "RowCounts": "orders.ledger",
    "SegmentTotals": "result.summary",
    "Snapshot": "result.snapshot",
    "State": "state.state",
    "StateError": "errors",
    "Survey": "scoring.survey",
    "Totals": "totals.totals",
    "UsageError": "errors",
    "Validation": "clv.validation.validation",
    "__version__": "api",
    "audience": "activation.audiences.audience",
    "drift": "result.drift",
    "explain": "result.explanation",
    "fit_clv": "clv.models",
    "group_reports": "reporting.each",
    "label": "insight.labelling",
    "load_clv": "clv.model_files",
    "load_model": "result.model",
    "normalized": "normalize",
    "read_snapshot": "result.snapshot",
    "report": "reporting.report",
    "run_night": "night.night",
    "save_model": "output.models",
    "score": "api",
    "validate_clv": "clv.models",
}
__all__ = [*_HOMES]


# Packages that are public by themselves.
_PACKAGES = {
    "campaign": "activation.campaign",
    "flows": "activation.flows",
    "insight": "insight",
    "serve": "serve",
    "spark": "spark",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name in _PACKAGES:
        return import_module(f"{__name__}.{_PACKAGES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *_HOMES, *_PACKAGES})
