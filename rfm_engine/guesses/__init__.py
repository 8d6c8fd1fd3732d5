"""Guess the options that read a file of orders, from the names and values of its columns."""
