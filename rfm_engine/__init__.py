"""Exact recency, frequency and monetary segmentation of tens of millions of customers."""

from rfm_engine.api import __version__, score
from rfm_engine.errors import DataError, RfmError, StateError, UsageError
from rfm_engine.orders.warnings import DataWarning
from rfm_engine.output.models import save_model
from rfm_engine.result.drift import Drift, drift
from rfm_engine.result.explanation import Explanation, explain
from rfm_engine.result.model import Model, load_model
from rfm_engine.result.result import Result, SegmentTotals
from rfm_engine.scoring.cells import Cuts
from rfm_engine.state import State
from rfm_engine.state.ingest import Ingested
from rfm_engine.totals.aggregation import Progress
from rfm_engine.totals.builder import CustomerTotals
from rfm_engine.totals.ledger import RowCounts
from rfm_engine.totals.totals import Totals

__all__ = [
    "CustomerTotals",
    "Cuts",
    "DataError",
    "DataWarning",
    "Drift",
    "Explanation",
    "Ingested",
    "Model",
    "Progress",
    "Result",
    "RfmError",
    "RowCounts",
    "SegmentTotals",
    "State",
    "StateError",
    "Totals",
    "UsageError",
    "__version__",
    "drift",
    "explain",
    "load_model",
    "save_model",
    "score",
]
