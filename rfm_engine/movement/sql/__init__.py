"""The SQL of movement: one query per file."""
