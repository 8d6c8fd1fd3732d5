"""Segments: rules for scores and measures, defined as data."""
