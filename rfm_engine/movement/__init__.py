"""How customers move between two dates: segments, and events such as a second order."""
