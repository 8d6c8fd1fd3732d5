"""The report document: plain values that JSON supports, one module per section."""
