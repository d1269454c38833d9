"""Experiments with Request Objects, by value and by request_uri."""
