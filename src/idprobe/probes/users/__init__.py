"""Experiments with a user: logins, consent, prompts, forged forms."""
