"""The same work by us and by others, side by side: answers compared first, times after."""
