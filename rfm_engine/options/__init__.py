"""The options: each is declared once, as an annotated keyword that all other code reads."""
