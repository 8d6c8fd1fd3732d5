"""The SQL of flows: one query per file."""
