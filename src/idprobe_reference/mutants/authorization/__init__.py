"""Mutants of the authorization endpoint."""
