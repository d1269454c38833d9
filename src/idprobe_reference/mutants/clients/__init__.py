"""Mutants of clients and how they authenticate."""
