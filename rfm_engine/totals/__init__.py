"""Per-customer totals: build them from orders, merge them, and read them as chunks."""
