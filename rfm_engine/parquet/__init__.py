"""Parquet at the level of bytes: check footers, encode columns, join row groups to one file."""
