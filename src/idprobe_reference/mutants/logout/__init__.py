"""Mutants of logout and session management."""
