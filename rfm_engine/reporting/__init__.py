"""The report for marketers: a page of charts and tables, made from aggregates."""
