"""Per-customer totals: built from orders, merged, and read as chunks of customers."""
