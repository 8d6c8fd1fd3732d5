"""Tables about customers at one date: concentration, affinity, first products, cohorts and others."""
