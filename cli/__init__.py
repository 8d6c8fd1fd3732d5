"""The command `rfm`: options in, one call of the library, a printed result."""
