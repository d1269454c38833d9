"""Experiments with HTTP, TLS and the documents that a server publishes."""
