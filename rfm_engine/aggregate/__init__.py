"""Per-customer totals: keyed tables, records, distinct orders."""
