"""Experiments with tokens: issue, refresh, introspection, revocation, UserInfo."""
