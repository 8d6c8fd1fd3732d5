"""Results of scoring: customers, cut points, segments, and the snapshots and models of them."""
