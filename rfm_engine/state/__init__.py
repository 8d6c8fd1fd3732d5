"""States: totals of all customers, stored on disk and updated with each batch of orders."""
