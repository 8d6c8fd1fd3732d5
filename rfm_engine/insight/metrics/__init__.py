"""The SQL of the metrics of labels: one query per file, one row per customer."""
