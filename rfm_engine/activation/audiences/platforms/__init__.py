"""The rules of each platform as data, one TOML file per platform."""
