"""How much memory a run may take, where arrays get it, and what goes to disk."""
