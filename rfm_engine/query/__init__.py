"""Relations of customers, orders and lines for DuckDB, and running SQL files over them."""
