"""Mutants that only generated requests show."""
