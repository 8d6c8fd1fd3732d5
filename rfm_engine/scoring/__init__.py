"""Cut points and scores, on exact integers."""
