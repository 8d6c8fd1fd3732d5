"""How customers move between dates: tiers of membership."""
