"""Mutants of HTTP, TLS and error responses."""
