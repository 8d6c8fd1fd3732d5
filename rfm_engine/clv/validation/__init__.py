"""Holdout validation: fit models without the last days, and compare predictions with these days."""
