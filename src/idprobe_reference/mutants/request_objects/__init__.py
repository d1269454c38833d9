"""Mutants of Request Objects."""
