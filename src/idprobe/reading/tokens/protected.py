"""What a trace shows of tokens and answers that are encrypted, or signed for one client."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from idprobe.errors import EvidenceError, Unsuited
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.registered import client_information
from idprobe.reading.tokens.issued import response_member

__all__ = [
    "claims_told",
    "encryption_of",
    "id_token_fact",
    "keys_offered",
    "opened_by",
    "registered_value",
    "steps_below",
    "userinfo_claims",
    "userinfo_fact",
]

OF_THE_JWT: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
"""What a signed answer says of itself, and not of the user."""


def steps_below(trace: Trace, name: str) -> list[str]:
    """Return what follows `name/` in the steps of a trace; raises Unsuited if there is none."""
    found = dict.fromkeys(e.step.removeprefix(f"{name}/") for e in trace if f"{name}/" in e.step)
    kept = [step for step in found if f"{name}/{step}" in trace and step != "plain"]
    if not kept:
        raise Unsuited("the server offers none of the algorithms that could be tried")
    return kept


def registered_value(trace: Trace, step: str, member: str, asked: Any) -> Any:
    """Return what the server registered, which outranks what was asked for."""
    return client_information(trace[f"register/{step}"]).get(member, asked)


def id_token_fact(trace: Trace, step: str) -> Mapping[str, Any]:
    """Return what is known of the ID Token of a step; raises EvidenceError without one."""
    pseudonym = response_member(trace[step], "id_token")
    if not isinstance(pseudonym, str) or not pseudonym:
        raise EvidenceError(f"the answer has no id_token: {trace[step]}")
    return trace.fact(pseudonym)


def userinfo_fact(trace: Trace, step: str) -> Mapping[str, Any]:
    """Return what is known of a UserInfo response in one piece; EvidenceError for any other."""
    response = trace[step].answered
    if not response.is_success:
        raise EvidenceError(f"userinfo gave nothing: {trace[step]}")
    text = response.text.strip()
    if text.startswith("{"):
        return {}
    return trace.fact(text)


def userinfo_claims(trace: Trace, step: str) -> dict[str, Any]:
    """Return what a UserInfo response says of the user, as `claims_told`."""
    return claims_told(trace, trace[step])


def claims_told(trace: Trace, exchange: Exchange) -> dict[str, Any]:
    """Return what a UserInfo response says of the user, plain, signed, or encrypted for us.

    Raises EvidenceError for any other answer (OpenID Connect Core section 5.3.2).
    """
    response = exchange.answered
    if not response.is_success:
        raise EvidenceError(f"userinfo gave nothing: {exchange}")
    if response.media_type != "application/jwt":
        return dict(response.json_object)
    fact = trace.fact(response.text.strip())
    claims = fact.get("jwt", fact).get("claims")
    if not isinstance(claims, Mapping):
        raise EvidenceError(f"the claims of userinfo cannot be read: {exchange}")
    return {name: value for name, value in claims.items() if name not in OF_THE_JWT}


def encryption_of(fact: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JOSE header of an encrypted token; empty if it is not encrypted."""
    header: Mapping[str, Any] = fact.get("jwe", {}).get("header", {})
    return header


def opened_by(fact: Mapping[str, Any]) -> str | None:
    """Return the kid of the key of ours that opened an encrypted token.

    Raises EvidenceError if it is not encrypted.
    """
    if "jwe" not in fact:
        raise EvidenceError("the token is not encrypted")
    kid: str | None = fact["jwe"].get("kid")
    return kid if fact["jwe"]["opened"] else None


def keys_offered(exchange: Exchange, use: str) -> Sequence[str]:
    """Return the kid of each key of that use that a registration request brought."""
    keys = json.loads(exchange.request.body).get("jwks", {}).get("keys", [])
    return [key["kid"] for key in keys if key.get("use") == use]
