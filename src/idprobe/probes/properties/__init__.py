"""Experiments that generate their requests: one property, many examples."""
