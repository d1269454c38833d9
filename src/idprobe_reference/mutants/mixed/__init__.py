"""Mutants of several endpoints at once."""
