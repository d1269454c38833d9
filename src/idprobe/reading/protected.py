"""What a trace shows of tokens and answers that are encrypted, or signed for one client."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from idprobe.errors import EvidenceError, Unsuited
from idprobe.exchange import Exchange, Trace
from idprobe.reading.issued import given
from idprobe.reading.registered import information

__all__ = [
    "encryption_of",
    "id_token_fact",
    "keys_offered",
    "opened_by",
    "steps_below",
    "told",
    "userinfo_fact",
]


def steps_below(trace: Trace, name: str) -> list[str]:
    """Return what follows `name/` in the steps of a trace; raises Unsuited if there is none."""
    found = dict.fromkeys(e.step.removeprefix(f"{name}/") for e in trace if f"{name}/" in e.step)
    kept = [step for step in found if f"{name}/{step}" in trace and step != "plain"]
    if not kept:
        raise Unsuited("the server offers none of the algorithms that could be tried")
    return kept


def told(trace: Trace, step: str, member: str, asked: Any) -> Any:
    """Return what the server registered, which outranks what was asked for."""
    return information(trace[f"register/{step}"]).get(member, asked)


def id_token_fact(trace: Trace, step: str) -> Mapping[str, Any]:
    """Return what is known of the ID Token of a step; raises EvidenceError without one."""
    pseudonym = given(trace[step], "id_token")
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
