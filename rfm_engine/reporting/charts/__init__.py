"""The charts of a report and their colours, as data."""
