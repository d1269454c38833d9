"""Experiments with client registration."""
