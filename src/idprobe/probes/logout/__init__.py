"""Experiments with logout and session management."""
