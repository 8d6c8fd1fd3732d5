"""The whole night in one call: new orders, scores, tiers and events, as a config file says."""
