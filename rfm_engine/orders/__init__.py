"""Read orders from files, streams and memory, check them and convert them to canonical columns."""
