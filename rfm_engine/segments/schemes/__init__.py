"""The shipped schemes, one TOML file each."""
