"""Tables of a lake as orders: Delta and Iceberg, through their logs."""
