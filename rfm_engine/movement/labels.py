"""Names of customers who are absent, in place of a segment; the SQL has them as text."""

ENTERED, LEFT, NONE = "(entered)", "(left)", "(none)"
