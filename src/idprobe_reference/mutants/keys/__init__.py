"""Mutants of keys, signatures and encryption."""
