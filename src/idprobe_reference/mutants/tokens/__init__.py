"""Mutants of tokens and of the endpoints that take them."""
