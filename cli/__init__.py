"""The command `rfm`: read options, call the library once, print the result."""
