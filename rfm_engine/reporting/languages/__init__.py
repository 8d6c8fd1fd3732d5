"""The texts of reports, one TOML file per language."""
