"""Durable totals: what is known of every customer, kept on disk from night to night."""
