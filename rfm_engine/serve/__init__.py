"""Look up one customer of a snapshot: in process, or over HTTP."""
