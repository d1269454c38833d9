"""Mutants whose memory goes wrong."""
