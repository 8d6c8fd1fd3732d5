"""Parquet as bytes: footers checked, columns encoded, row groups made one file."""
