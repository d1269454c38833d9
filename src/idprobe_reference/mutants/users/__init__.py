"""Mutants of logins, consent and pages."""
