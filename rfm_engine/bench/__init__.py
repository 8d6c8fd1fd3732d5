"""Benchmarks of rfm and other tools on the same work: compare the answers, then the times."""
