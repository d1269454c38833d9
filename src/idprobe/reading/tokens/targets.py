"""Whom an access token is for and what it may do there, by the token itself or by introspection."""

from collections.abc import Mapping
from typing import Any

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.answers import refused
from idprobe.reading.tokens.issued import access_jwt, audiences, tokens_of

__all__ = ["audience", "resources_named", "scope_of_token", "stays_within"]


def audience(trace: Trace, step: str) -> frozenset[str]:
    """Return the audience of the access token of a step; empty if it has none.

    Raises EvidenceError if no token came, or neither it nor introspection tells.
    """
    aud = _known(trace, step).get("aud")
    return frozenset(one for one in audiences(aud) if isinstance(one, str))


def scope_of_token(trace: Trace, step: str) -> frozenset[str]:
    """Return the scope of the access token of a step; raises EvidenceError if nothing tells it."""
    scope = _known(trace, step).get("scope")
    if isinstance(scope, list) and all(isinstance(one, str) for one in scope):
        return frozenset(scope)
    if not isinstance(scope, str):
        raise EvidenceError(f"nothing tells the scope of the token of {step}")
    return frozenset(scope.split())


def resources_named(exchange: Exchange) -> tuple[str, ...]:
    """Return the resources that a request names (RFC 8707 section 2)."""
    pairs = (*exchange.request.query, *exchange.request.form)
    return tuple(value for name, value in pairs if name == "resource")


def stays_within(trace: Trace, step: str, limits: frozenset[str]) -> bool:
    """Return whether a step was refused, or brought a token for none but those audiences."""
    return refused(trace[step]) or audience(trace, step) <= limits


def _known(trace: Trace, step: str) -> Mapping[str, Any]:
    tokens_of(trace, step)
    try:
        return access_jwt(trace, step).claims
    except EvidenceError:
        said = trace[f"introspected-{step}"].answered.json_object
    if said.get("active") is not True:
        raise EvidenceError(f"introspection does not know the token of {step}")
    return said
