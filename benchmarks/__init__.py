"""The benchmarks behind docs/performance.md: what is run, what it must reach, how it is shown."""
