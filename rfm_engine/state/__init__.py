"""Durable totals: what is known of every customer, kept on disk from night to night."""

from rfm_engine.state.inputs import state_of
from rfm_engine.state.state import State
from rfm_engine.state.verification import verify

__all__ = ["State", "state_of", "verify"]
