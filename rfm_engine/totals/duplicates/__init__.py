"""Rows that repeat others, found and compared: the option distinct."""
