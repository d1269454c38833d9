"""What a server announces, what it really did in this run, and where the two differ.

Announced is what its metadata say, defaults included. Done is what was seen in the exchanges,
whatever the experiment was about: a token that was issued, a response that landed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Landing
from idprobe.model.profile import announced_values
from idprobe.model.trace import Trace

__all__ = ["Ability", "abilities"]

GRANTS: Final = "grant_types_supported"
TYPES: Final = "response_types_supported"
MODES: Final = "response_modes_supported"
METHODS: Final = "token_endpoint_auth_methods_supported"
CHALLENGES: Final = "code_challenge_methods_supported"
_WORDS: Final[Mapping[str, str]] = {
    GRANTS: "grant",
    TYPES: "response type",
    MODES: "response mode",
    METHODS: "client authentication",
    CHALLENGES: "PKCE",
}
_HANDED_OUT: Final = (("code", "code"), ("id_token", "id_token"), ("access_token", "token"))
_MAX_ROWS: Final = 120
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that a server may be able to do; `announced` is None where nobody can know."""

    kind: str
    value: str
    announced: bool | None
    tried: int
    done: int

    @property
    def differs(self) -> str:
        """How word and deed differ, empty if they do not."""
        if self.announced is False and self.done:
            return "does it without announcing it"
        if self.announced and self.tried and not self.done:
            return "announces it and never did it here"
        return ""


@dataclass(slots=True, eq=False)
class _Seen:
    tried: Counter[Key] = field(default_factory=Counter)
    done: Counter[Key] = field(default_factory=Counter)

    def see(self, kind: str, value: str, *, done: bool) -> None:
        self.tried[kind, value] += 1
        if done:
            self.done[kind, value] += 1


def abilities(
    traces: Iterable[Trace], metadata: Mapping[str, Any], endpoints: Mapping[str, str]
) -> tuple[Ability, ...]:
    """Return what the server announces or did, those that differ first within their kind."""
    seen = _Seen()
    places = {url.partition("?")[0]: name for name, url in endpoints.items()}
    for trace in traces:
        challenge = ""
        for exchange in trace:
            name = places.get(exchange.request.origin + exchange.request.path, "")
            challenge = exchange.request.parameter("code_challenge_method") or challenge
            _look(seen, exchange, name, challenge)
    found = [*_listed(seen, metadata), *_places(seen, metadata, endpoints)]
    return tuple(found[:_MAX_ROWS])


def _look(seen: _Seen, exchange: Exchange, name: str, challenge: str) -> None:
    if exchange.landing is not None:
        _see_landing(seen, exchange.landing)
    if name == "authorization_endpoint":
        asked = exchange.request.parameter("response_type")
        if asked:
            seen.tried[TYPES, _ordered(asked)] += 1
    elif name == "token_endpoint" and exchange.response is not None:
        _see_token_answer(seen, exchange, challenge)
    elif name and exchange.response is not None:
        response = exchange.response
        seen.see(name, "", done=response.is_success or response.is_redirect)


def _see_landing(seen: _Seen, landing: Landing) -> None:
    handed = _handed_out(landing)
    if handed:
        seen.done[TYPES, handed] += 1
        seen.done[MODES, landing.mode.value] += 1
    if set(handed.split()) & {"id_token", "token"}:
        seen.see(GRANTS, "implicit", done=True)


def _see_token_answer(seen: _Seen, exchange: Exchange, challenge: str) -> None:
    done = exchange.answered.is_success and _has_token(exchange)
    grant = exchange.request.parameter("grant_type")
    if grant:
        seen.see(GRANTS, grant, done=done)
    for method in _authenticated_by(exchange):
        seen.see(METHODS, method, done=done)
    if exchange.request.parameter("code_verifier") and challenge:
        seen.see(CHALLENGES, challenge, done=done)


def _has_token(exchange: Exchange) -> bool:
    try:
        return "access_token" in exchange.answered.json_object
    except EvidenceError:
        return False


def _authenticated_by(exchange: Exchange) -> Iterator[str]:
    """Yield the methods by which a token request authenticates its client."""
    request = exchange.request
    names = {name for name, _ in request.form}
    basic = (request.header("authorization") or "").lower().startswith("basic ")
    if basic:
        yield "client_secret_basic"
    if "client_secret" in names:
        yield "client_secret_post"
    if "client_assertion" in names:
        yield "private_key_jwt"
    if not basic and not names & {"client_secret", "client_assertion"} and "client_id" in names:
        yield "none"


def _handed_out(landing: Landing) -> str:
    names = {name for name, value in landing.parameters if value}
    return " ".join(word for name, word in _HANDED_OUT if name in names)


def _ordered(response_type: str) -> str:
    """Return a response type with its words in one order: they are a set (RFC 6749 section 8.4)."""
    words = set(response_type.split())
    known = [word for _, word in _HANDED_OUT if word in words]
    return " ".join([*known, *sorted(words.difference(known))])


def _listed(seen: _Seen, metadata: Mapping[str, Any]) -> Iterator[Ability]:
    for kind, word in _WORDS.items():
        said = announced_values(metadata, kind)
        listed = None if said is None else {_ordered(v) if kind == TYPES else v for v in said}
        values = {value for member, value in seen.done if member == kind} | (listed or set())
        rows = []
        for value in sorted(values):
            announced = None if listed is None else value in listed
            done = seen.done[kind, value]
            tried = max(done, seen.tried[kind, value])
            if (kind, value) == (METHODS, "private_key_jwt") and "client_secret_jwt" in values:
                announced = None  # the two look the same from outside, once redacted
            rows.append(Ability(word, value, announced, tried, done))
        yield from sorted(rows, key=lambda row: not row.differs)


def _places(
    seen: _Seen, metadata: Mapping[str, Any], endpoints: Mapping[str, str]
) -> Iterator[Ability]:
    """Yield the endpoints that are named, those of the login's two pillars left out."""
    for name in sorted(endpoints):
        if name in {"token_endpoint", "authorization_endpoint"}:
            continue
        announced = name in metadata if metadata else None
        yield Ability("endpoint", name, announced, seen.tried[name, ""], seen.done[name, ""])
