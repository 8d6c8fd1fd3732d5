"""Find and compare rows that repeat others: the option distinct."""
