"""Logging in with a real browser, whose requests we carry."""
