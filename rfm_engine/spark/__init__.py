"""Score a Spark DataFrame in a cluster, with the results of one machine."""

from __future__ import annotations

from rfm_engine.spark.result import SparkResult
from rfm_engine.spark.scoring import score

__all__ = ["SparkResult", "score"]
