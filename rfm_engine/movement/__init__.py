"""How customers move between segments from one date to another."""

from rfm_engine.movement.comparison import Comparison as Comparison

__all__ = ["Comparison"]
