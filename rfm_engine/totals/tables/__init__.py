"""The hash tables of a partition: keys, records, distinct orders and days."""
