"""Memory: the limit of a run, the allocation of arrays, and spilling to disk."""
