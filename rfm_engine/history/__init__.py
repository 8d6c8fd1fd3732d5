"""Histories: a folder of snapshots by date."""
