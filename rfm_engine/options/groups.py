"""Which functions and commands take which options: a class inherits the groups it needs."""

from __future__ import annotations

from rfm_engine.options.columns import CarryOptions, ColumnOptions
from rfm_engine.options.reading import DateOptions, ReadingOptions
from rfm_engine.options.running import (
    BucketOptions,
    MachineOptions,
    RunningOptions,
    SortOptions,
    ThreadOptions,
)
from rfm_engine.options.scoring import ClvOptions, OverallOptions, ScoringOptions


class StateOptions(ColumnOptions, ReadingOptions, total=False):
    """What a state sets when it is created."""


class TotalsOptions(DateOptions, StateOptions, ClvOptions, total=False):
    """What decides the totals of customers."""


class BuiltOptions(ScoringOptions, ThreadOptions, SortOptions, total=False):
    """What `score` takes with totals, which were built with all the others."""


class ScoreOptions(
    TotalsOptions, ScoringOptions, OverallOptions, RunningOptions, SortOptions, total=False
):
    """What `score` takes with orders and states."""


class RowOptions(DateOptions, StateOptions, CarryOptions, MachineOptions, total=False):
    """What `normalized` takes."""


class RowFileOptions(RowOptions, BucketOptions, total=False):
    """What `write_normalized` takes."""
