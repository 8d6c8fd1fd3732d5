"""Rows on their way to the tables: sorted by bin, stored until a bin is full."""
