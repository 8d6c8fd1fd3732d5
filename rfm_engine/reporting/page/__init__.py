"""The page of a report: HTML, style sheet, tables and sentences."""
