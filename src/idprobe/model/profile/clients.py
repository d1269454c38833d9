"""The clients of a profile, and which part each plays; inferred where the profile does not say."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from idprobe.errors import ProfileError

__all__ = ["Client", "Role", "cast"]

SECRET_METHODS: Final = frozenset(
    {"client_secret_basic", "client_secret_post", "client_secret_jwt"}
)
BASIC: Final = "client_secret_basic"
PUBLIC_METHODS: Final = frozenset({"none"})
KEY_METHODS: Final = frozenset({"private_key_jwt"})

FRONT_CHANNEL: Final = frozenset({"id_token", "token"})
SIGNING_METHODS: Final = frozenset({"private_key_jwt", "client_secret_jwt"})


class Role(StrEnum):
    """The part that a client plays in an experiment."""

    WEB = "web"
    SECOND = "second"
    PUBLIC = "public"
    SERVICE = "service"
    IMPLICIT = "implicit"
    HYBRID = "hybrid"
    SIGNED = "signed"
    NATIVE = "native"
    BRIEF = "brief"
    """Its codes and tokens expire within `[limits] max_wait_s`; a profile has to say so."""
    TARGETED = "targeted"
    """It may have the scope of every `[[resource.indicators]]`; a profile has to say so."""


@dataclass(frozen=True, slots=True)
class Client:
    """One registration at the server."""

    name: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    token_endpoint_auth_method: str = BASIC
    grant_types: tuple[str, ...] = ("authorization_code",)
    response_types: tuple[str, ...] = ("code",)
    redirect_uris: tuple[str, ...] = ()
    scope: str = ""
    jwks: Mapping[str, Any] | None = field(default=None, repr=False)
    roles: frozenset[Role] = frozenset()
    post_logout_redirect_uris: tuple[str, ...] = ()
    application_type: str = "web"

    @property
    def is_public(self) -> bool:
        """Whether the client has no credentials of its own (RFC 6749 section 2.1)."""
        return self.token_endpoint_auth_method in PUBLIC_METHODS

    @property
    def is_confidential(self) -> bool:
        """Whether the client authenticates at the token endpoint (RFC 6749 section 2.1)."""
        return not self.is_public

    @property
    def redirect_uri(self) -> str:
        """The first redirect URI; raises ProfileError if there is none."""
        if not self.redirect_uris:
            raise ProfileError(f"client {self.name!r}", "redirect_uris", "list at least one")
        return self.redirect_uris[0]

    @property
    def scopes(self) -> tuple[str, ...]:
        """The values of its scope, in order."""
        return tuple(self.scope.split())


def cast(clients: Iterable[Client], explicit: Sequence[str]) -> tuple[Client, ...]:
    """Return the clients with their roles.

    `explicit` names the clients whose roles the profile says: those stay as they are, and a role
    that one of them has is inferred for nobody. Every other role goes to the client that fits best.
    """
    clients = tuple(clients)
    said = {role for client in clients if client.name in explicit for role in client.roles}
    free = [client for client in clients if client.name not in explicit]
    web_id = next((one.client_id for one in clients if Role.WEB in one.roles), None)
    inferred: dict[str, set[Role]] = {client.name: set() for client in free}
    for role in Role:
        candidates = [client for client in free if _FITS[role](client)]
        if role is Role.SECOND:
            candidates = [client for client in candidates if client.client_id != web_id]
        if role in said or not candidates:
            continue
        chosen = _best(role, candidates)
        inferred[chosen.name].add(role)
        if role is Role.WEB:
            web_id = chosen.client_id
    return tuple(
        replace(client, roles=frozenset(inferred.get(client.name, client.roles)))
        for client in clients
    )


def _best(role: Role, candidates: Sequence[Client]) -> Client:
    """Return the first candidate, of `service` the first that has no authorization_code."""
    if role is not Role.SERVICE:
        return candidates[0]
    pure = (one for one in candidates if "authorization_code" not in one.grant_types)
    return next(pure, candidates[0])


def _response_words(client: Client) -> list[frozenset[str]]:
    return [frozenset(value.split()) for value in client.response_types]


def _has_code(client: Client) -> bool:
    return "authorization_code" in client.grant_types and frozenset({"code"}) in _response_words(
        client
    )


def _is_implicit(client: Client) -> bool:
    return any(words and words <= FRONT_CHANNEL for words in _response_words(client))


def _is_hybrid(client: Client) -> bool:
    return any("code" in words and len(words) > 1 for words in _response_words(client))


def _is_web(client: Client) -> bool:
    return client.is_confidential and _has_code(client)


_FITS: Final[dict[Role, Callable[[Client], bool]]] = {
    Role.WEB: _is_web,
    Role.SECOND: _is_web,
    Role.PUBLIC: lambda client: client.is_public and _has_code(client),
    Role.SERVICE: lambda client: (
        client.is_confidential and "client_credentials" in client.grant_types
    ),
    Role.IMPLICIT: _is_implicit,
    Role.HYBRID: _is_hybrid,
    Role.SIGNED: lambda client: client.token_endpoint_auth_method in SIGNING_METHODS,
    Role.NATIVE: lambda client: client.application_type == "native" and _has_code(client),
    Role.BRIEF: lambda _client: False,
    Role.TARGETED: lambda _client: False,
}
