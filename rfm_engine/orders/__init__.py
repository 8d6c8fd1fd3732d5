"""Orders: from wherever they are to checked, canonical columns."""
