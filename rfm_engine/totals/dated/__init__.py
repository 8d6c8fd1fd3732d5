"""Totals of many dates of analysis from one pass over the orders."""
