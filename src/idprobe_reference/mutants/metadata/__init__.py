"""Mutants of the metadata documents."""
