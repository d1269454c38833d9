"""Mutants of client registration."""
