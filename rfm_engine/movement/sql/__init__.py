"""The SQL of movement between dates: one query per file."""
