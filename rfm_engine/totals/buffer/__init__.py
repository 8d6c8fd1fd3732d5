"""The buffer: rows on their way to the tables, sorted by bin, until the buffer is flushed."""
