"""Statistics of experiments: intervals and tests from exact counts and sums."""
