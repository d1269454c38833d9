"""What a trace shows of tokens and documents, read from pseudonyms and their facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from idprobe.errors import EvidenceError, Unsuited
from idprobe.formats.http_dates import http_date
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace

__all__ = [
    "SKEW_S",
    "IssuedJwt",
    "access_jwt",
    "access_token_scope",
    "audiences",
    "document",
    "documents",
    "id_token",
    "is_compact_jwt",
    "is_number",
    "issued_jwts",
    "left_half",
    "lifetime_s",
    "metadata",
    "oauth_document",
    "published_keys",
    "response_member",
    "sent_parameter",
    "server_time_s",
    "tokens_of",
    "verifier_of",
]

SKEW_S: Final = 300
"""How far the clocks of two honest machines may be apart, in seconds."""

HASH_BY_ALG: Final[Mapping[str, str]] = {"EdDSA": "S512", "Ed25519": "S512"}
JWE_SEGMENTS: Final = 5


@dataclass(frozen=True, slots=True)
class IssuedJwt:
    """A JWT that the server issued: its parts, and which key verifies it."""

    name: str
    """Its pseudonym."""
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    fact: Mapping[str, Any]
    """What is known of it."""
    exchange: Exchange
    """The exchange that brought it."""

    @property
    def verified_by(self) -> Mapping[str, Any] | None:
        """Which key verifies it, None if none does; raises EvidenceError if nobody can tell."""
        return verifier_of(self.fact)

    def claim(self, name: str) -> Any:
        """Return a claim; raises EvidenceError without it."""
        if name not in self.claims:
            raise EvidenceError(f"the token has no {name} claim")
        return self.claims[name]

    def number(self, name: str) -> float:
        """Return a claim that is a number; raises EvidenceError unless it is one."""
        value: Any = self.claim(name)
        if not is_number(value):
            raise EvidenceError(f"{name} is no number")
        return float(str(value))  # an integer may be too great for a float

    @property
    def alg(self) -> str:
        """The algorithm of the header; raises EvidenceError unless it is a string."""
        alg = self.header.get("alg")
        if not isinstance(alg, str):
            raise EvidenceError("the header of the token has no alg")
        return alg


def response_member(exchange: Exchange, name: str) -> Any:
    """Return a member of an answer, by redirect or by body; None without it."""
    if exchange.landing is not None:
        return exchange.landing.get(name)
    response = exchange.answered
    return response.json_object.get(name) if response.is_success else None


def sent_parameter(trace: Trace, step: str, name: str) -> str | None:
    """Return a parameter of the request that a step began with, None without it."""
    exchanges = trace.steps(step)
    if not exchanges:
        raise EvidenceError(f"the trace of {trace.probe} has no step {step!r}")
    return exchanges[0].request.parameter(name)


def id_token(trace: Trace, step: str) -> IssuedJwt:
    """Return the ID Token of a step; raises EvidenceError if it brought none that can be read."""
    return _jwt(trace, trace[step], "id_token")


def access_jwt(trace: Trace, step: str) -> IssuedJwt:
    """Return the access token of a step; raises EvidenceError unless it is a JWT."""
    return _jwt(trace, trace[step], "access_token")


def lifetime_s(trace: Trace, step: str) -> float:
    """Return for how long the access token of a step is good, by expires_in or by its own claims.

    expires_in is only recommended (RFC 6749 section 5.1). Raises EvidenceError if neither tells.
    """
    expires_in = tokens_of(trace, step).get("expires_in")
    if is_number(expires_in):
        return float(str(expires_in))
    try:
        token = access_jwt(trace, step)
        return token.number("exp") - token.number("iat")
    except EvidenceError:
        raise EvidenceError("nothing says how long the token lives") from None


def tokens_of(trace: Trace, step: str) -> Mapping[str, Any]:
    """Return the members of a successful token response; raises EvidenceError for any other."""
    response = trace[step].answered
    members = response.json_object if response.is_success else {}
    if "access_token" not in members:
        raise EvidenceError(f"the step {step} brought no tokens: {trace[step]}")
    return members


def access_token_scope(trace: Trace, step: str, asked_for: str) -> frozenset[str]:
    """Return the scope of an access token: what it says itself, what was told, or what was asked.

    A response without scope says that all was granted (RFC 6749 section 5.1).
    """
    told = tokens_of(trace, step).get("scope", asked_for)
    try:
        told = access_jwt(trace, step).claims.get("scope", told)
    except EvidenceError:
        return _scope_words(told)
    return _scope_words(told)


def _scope_words(scope: Any) -> frozenset[str]:
    if not isinstance(scope, str):
        raise EvidenceError("the scope of the token is no text")
    return frozenset(scope.split())


def issued_jwts(trace: Trace) -> tuple[IssuedJwt, ...]:
    """Return each JWT that the trace shows being issued, once; raises EvidenceError if none is."""
    found = {jwt.name: jwt for jwt in _issued(trace)}
    if not found:
        raise EvidenceError("no JWT was issued")
    return tuple(found.values())


def _issued(trace: Trace) -> Iterator[IssuedJwt]:
    for exchange in trace:
        for name in ("id_token", "access_token", "refresh_token"):
            try:
                yield _jwt(trace, exchange, name)
            except EvidenceError:
                continue


def _jwt(trace: Trace, exchange: Exchange, name: str) -> IssuedJwt:
    pseudonym = response_member(exchange, name)
    if not isinstance(pseudonym, str) or not pseudonym:
        raise EvidenceError(f"the answer has no {name}: {exchange}")
    fact = trace.fact(pseudonym)
    if "jwt" not in fact:
        raise EvidenceError(f"the {name} is no signed JWT that can be read")
    parts = fact["jwt"]
    return IssuedJwt(pseudonym, parts["header"], parts["claims"], fact, exchange)


def verifier_of(fact: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return which key verifies a JWT, None if none does.

    Raises EvidenceError if nobody can tell, as the published keys could not be read.
    """
    if "jwt" in fact and "verified_by" not in fact:
        raise EvidenceError("the published keys could not be read")
    found: Mapping[str, Any] | None = fact.get("verified_by")
    return found


def is_compact_jwt(trace: Trace, pseudonym: Any) -> bool:
    """Return whether a token is a JWS that can be read, or has the five parts of a JWE."""
    fact = trace.fact(pseudonym)
    return "jwt" in fact or fact.get("segments") == JWE_SEGMENTS


def left_half(trace: Trace, pseudonym: Any, alg: str) -> str:
    """Return the half hash of a code or access token that belongs to a signature's algorithm."""
    name = HASH_BY_ALG.get(alg, f"S{alg[-3:]}")
    halves: Mapping[str, str] = trace.fact(pseudonym).get("half_hash", {})
    if name not in halves:
        raise EvidenceError(f"the algorithm {alg:.20} has no hash that idprobe knows")
    return halves[name]


def audiences(value: Any) -> tuple[Any, ...]:
    """Return the members of an aud claim in either of its forms (RFC 7519 section 4.1.3)."""
    return tuple(value) if isinstance(value, list) else (value,)


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def server_time_s(exchange: Exchange) -> float:
    """Return the time at the server when it answered, in seconds since 1970.

    By its Date header; without one it is our own time, less the skew that clocks may have.
    """
    told = http_date(exchange.answered.header("date") or "")
    if told is not None:
        return told.timestamp()
    arrived = exchange.started_at + timedelta(microseconds=exchange.elapsed_ns / 1000)
    return arrived.timestamp() - SKEW_S


def document(trace: Trace, step: str) -> Mapping[str, Any]:
    """Return the JSON object of a 200 answer; raises EvidenceError for any other answer."""
    response = trace[step].answered
    if response.status != 200:  # noqa: PLR2004 -- the status that documents are served with
        raise EvidenceError(f"there is no document: {trace[step]}")
    return response.json_object


def oauth_document(trace: Trace) -> Mapping[str, Any]:
    """Return the document of RFC 8414; raises Unsuited if the server has only OpenID's."""
    step = "oauth-authorization-server"
    if trace[step].answered.status >= 400:  # noqa: PLR2004 -- the class of error statuses
        raise Unsuited("the server has no document of RFC 8414")
    return document(trace, step)


def documents(trace: Trace) -> tuple[tuple[Exchange, Mapping[str, Any]], ...]:
    """Return every document of a trace that is a JSON object; raises EvidenceError without one."""
    found = [
        (exchange, exchange.response.json_object)
        for exchange in trace
        if exchange.response is not None and exchange.response.is_success
    ]
    if not found:
        raise EvidenceError("the server has no metadata document")
    return tuple(found)


def assert_silent(trace: Trace, name: str, only: str | None = None) -> None:
    """Raise Unsuited where a metadata document has a member, so that no default holds.

    `only` is the step of the document that is looked at, where it is not all.
    """
    for exchange, members in documents(trace):
        if name in members and only in {None, exchange.step}:
            raise Unsuited(f"the metadata have {name}")


def published_keys(trace: Trace) -> Sequence[Mapping[str, Any]]:
    """Return the keys of the JWK Set; raises EvidenceError if there is none that can be judged."""
    keys = document(trace, "keys").get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, Mapping) for key in keys):
        raise EvidenceError("the JWK Set has no array of keys")
    if not keys:
        raise EvidenceError("the JWK Set is empty")
    return keys


def metadata(trace: Trace) -> Mapping[str, Any]:
    """Return the first document of a trace that is a JSON object; raises EvidenceError without."""
    for exchange in trace:
        if exchange.response is not None and exchange.response.is_success:
            return exchange.response.json_object
    raise EvidenceError("the server has no metadata document")
