"""The benchmarks of docs/performance.md: the cases, the targets, and the tables of results."""
