"""Simulated callers, one kind for each scenario: what they keep, and what they do over and over."""

from idprobe.load.callers.caller import Caller
from idprobe.load.callers.end_users import (
    AuthorizationCode,
    AuthorizationCodeSession,
    Implicit,
    RefreshChain,
    UserInfo,
)
from idprobe.load.callers.mixed import Mixed
from idprobe.load.callers.public import MetadataAndKeys
from idprobe.load.callers.service import ClientCredentials, Introspection, Revocation

__all__ = [
    "AuthorizationCode",
    "AuthorizationCodeSession",
    "Caller",
    "ClientCredentials",
    "Implicit",
    "Introspection",
    "MetadataAndKeys",
    "Mixed",
    "RefreshChain",
    "Revocation",
    "UserInfo",
]
