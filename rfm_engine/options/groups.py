"""The options of each function and command: a class inherits the groups that it needs."""

from __future__ import annotations

from rfm_engine.options.campaign import CampaignChoices
from rfm_engine.options.clv import (
    ClvChoices,
    ClvModelOptions,
    FamilyOptions,
    TermOptions,
    ValidationOptions,
)
from rfm_engine.options.columns import (
    AttributeOptions,
    CarryOptions,
    ColumnOptions,
    RowColumnOptions,
)
from rfm_engine.options.events import EventChoices
from rfm_engine.options.flows import FlowChoices
from rfm_engine.options.insight import TableOptions, TouchOptions
from rfm_engine.options.movement import MovementOptions
from rfm_engine.options.reach import ReachOptions
from rfm_engine.options.reading import (
    DateOptions,
    LevelOptions,
    ReadingOptions,
    TimeFormatOptions,
    ValueOptions,
    WindowOptions,
)
from rfm_engine.options.report import ReportChoices
from rfm_engine.options.running import (
    BucketOptions,
    MachineOptions,
    RunningOptions,
    SortOptions,
    ThreadOptions,
)
from rfm_engine.options.scoring import (
    ClvOptions,
    CustomerAttributeOptions,
    CutOptions,
    OverallOptions,
    ScoringOptions,
)


class StateOptions(ColumnOptions, ReadingOptions, total=False):
    """The options that a state sets when it is created."""


class GuessedOptions(DateOptions, StateOptions, total=False):
    """The options of columns, dates and reading, which `rfm init` guesses or writes."""


class TotalsOptions(DateOptions, StateOptions, ClvOptions, total=False):
    """The options that determine the totals of customers."""


class BuiltOptions(
    CustomerAttributeOptions, ClvModelOptions, ScoringOptions, ThreadOptions, SortOptions,
    total=False,
):  # fmt: skip
    """The options of `score` with totals, which were built with all other options."""


class ScoreOptions(
    TotalsOptions, AttributeOptions, CustomerAttributeOptions, ClvModelOptions, ScoringOptions,
    OverallOptions, RunningOptions, SortOptions, total=False,
):  # fmt: skip
    """The options of `score` with orders and states."""


class SparkOptions(
    DateOptions, RowColumnOptions, ValueOptions, TimeFormatOptions, LevelOptions, ClvOptions,
    ClvModelOptions, CutOptions, total=False,
):  # fmt: skip
    """The options of `spark.score`: those of `score` that parts of the orders can share."""


class HistoryOptions(
    WindowOptions, StateOptions, ClvOptions, AttributeOptions, CustomerAttributeOptions,
    ClvModelOptions, ScoringOptions, OverallOptions, total=False,
):  # fmt: skip
    """The options that a history sets when it is created: those of `score` without the date."""


class PredictOptions(DateOptions, StateOptions, TermOptions, RunningOptions, total=False):
    """The options of `ClvModel.predict`."""


class FitOptions(
    DateOptions, StateOptions, FamilyOptions, TermOptions, RunningOptions, total=False
):
    """The options of `fit_clv`."""


class ValidateOptions(DateOptions, StateOptions, ValidationOptions, RunningOptions, total=False):
    """The options of `validate_clv`."""


class EstimateOptions(
    DateOptions, StateOptions, ClvChoices, RunningOptions, SortOptions, total=False
):
    """The options of `rfm clv`."""


class KeptOptions(WindowOptions, StateOptions, total=False):
    """The options of columns and reading that a history keeps."""


class HistoryInputOptions(HistoryOptions, RunningOptions, total=False):
    """The options with which snapshots are added to a history."""


class InsightOptions(TableOptions, AttributeOptions, RunningOptions, total=False):
    """The options of `insight.run`."""


class CompareOptions(MovementOptions, RunningOptions, total=False):
    """The options of `Comparison`."""


class EventOptions(EventChoices, TouchOptions, RunningOptions, total=False):
    """The options of `events`."""


class TierOptions(RunningOptions, total=False):
    """The options of `History.tiers`."""


class AudienceOptions(ReachOptions, RunningOptions, total=False):
    """The options of `audience`."""


class CampaignOptions(CampaignChoices, RunningOptions, total=False):
    """The options of `campaign.report`."""


class FlowOptions(FlowChoices, ReachOptions, TouchOptions, RunningOptions, total=False):
    """The options of `flows.run`."""


class ReportOptions(ReportChoices, RunningOptions, total=False):
    """The options of `report`."""


class LabelOptions(AttributeOptions, RunningOptions, total=False):
    """The options of `label`."""


class RowOptions(
    DateOptions, StateOptions, AttributeOptions, CarryOptions, MachineOptions, total=False
):
    """The options of `normalized`."""


class RowFileOptions(RowOptions, BucketOptions, total=False):
    """The options of `write_normalized`."""
