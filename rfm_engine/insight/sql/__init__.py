"""The SQL of the insight tables: one query per file."""
