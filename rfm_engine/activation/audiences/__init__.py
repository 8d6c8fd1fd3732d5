"""Write customers as lists for advertising and mail: rules per platform, counts and changes."""
