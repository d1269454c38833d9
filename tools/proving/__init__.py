"""Proof that the checks are right: mutants of the sound server, and which check sees which.

`python -m tools.proving` runs the mutants and writes the kill matrix.
"""
