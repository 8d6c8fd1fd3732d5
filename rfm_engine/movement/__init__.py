"""How customers move between two dates: segments, tiers, and events such as a second order."""

from rfm_engine.movement.comparison import Comparison as Comparison

__all__ = ["Comparison"]
