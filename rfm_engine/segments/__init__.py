"""Segments: rules over the scores, as data."""
