"""Experiments with client authentication and the grants of clients."""
