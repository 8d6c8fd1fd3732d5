"""The queries of activation, one per file."""
