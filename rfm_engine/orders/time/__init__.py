"""Time: instants as UTC microseconds, zones, and local calendar days."""
