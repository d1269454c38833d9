"""Token requests that work, for probes that spoil them in one place."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, Unsuited
from idprobe.flows import (
    Flow,
    Tokens,
    answer,
    authorize,
    basic_credentials,
    client_credentials,
    redeem,
    redemption,
    without,
)
from idprobe.model.exchange import Pairs, Request
from idprobe.model.profile import Client, Provider

__all__ = [
    "JSON",
    "WRONG_SECRET",
    "can_get_tokens",
    "client_of",
    "client_using",
    "get_tokens",
    "honest_form",
    "honest_tokens",
    "id_token_of",
    "scope_of_its_own",
    "with_secret",
]

WRONG_SECRET: Final = "idprobe-guesses-wrong-on-purpose-0"  # noqa: S105 -- it opens nothing
JSON: Final = ("Accept", "application/json")
ABOUT_PEOPLE: Final = frozenset(
    {"openid", "profile", "email", "address", "phone", "offline_access"}
)


def scope_of_its_own(client: Client) -> str | None:
    """Return the scope that a client may ask for itself, without what is about people."""
    scopes = [value for value in client.scopes if value not in ABOUT_PEOPLE]
    return " ".join(scopes) or None


def can_get_tokens(client: Client) -> bool:
    """Return whether a client has a grant that we can go through."""
    by_code = "authorization_code" in client.grant_types and "code" in client.response_types
    return "client_credentials" in client.grant_types or (by_code and bool(client.redirect_uris))


def client_using(wire: Wire, method: str) -> Client:
    """Return what `client_of` finds in the profile of the run."""
    return client_of(wire.provider, method)


def client_of(provider: Provider, method: str) -> Client:
    """Return a client that authenticates by a method, one without login pages if there is one.

    Raises Unsuited if no client of the profile with that method can get tokens.
    """
    fitting = [
        client
        for client in provider.profile.clients.values()
        if client.token_endpoint_auth_method == method and can_get_tokens(client)
    ]
    if not fitting:
        raise Unsuited(f"no client of the profile uses {method} and a grant to try it with")
    return min(fitting, key=lambda client: "client_credentials" not in client.grant_types)


async def honest_form(wire: Wire, provider: Provider) -> Pairs:
    """Return the form of a token request that works, without authentication; its code is fresh."""
    if "client_credentials" in provider.client.grant_types:
        scope = scope_of_its_own(provider.client)
        scopes = (("scope", scope),) if scope else ()
        return (("grant_type", "client_credentials"), *scopes)
    authorized = await wire.run(authorize(provider))
    return without(redemption(provider, authorized, method="none").form, "client_id")


async def honest_tokens(wire: Wire, provider: Provider, step: str = "control") -> Tokens:
    """Return tokens got by an honest request: the control of an experiment."""
    if "client_credentials" in provider.client.grant_types:
        scope = scope_of_its_own(provider.client)
        return await wire.run(client_credentials(provider, scope), step)
    authorized = await wire.run(authorize(provider))
    return await wire.run(redeem(provider, authorized), step)


def id_token_of(wire: Wire, tokens: Tokens) -> str:
    """Return the ID Token of the last answer; raises ControlFailed without one."""
    if not tokens.id_token:
        raise ControlFailed(wire.exchanges[-1], "there is no ID Token")
    return tokens.id_token


def get_tokens(request: Request) -> Flow[Tokens]:
    """Send a token request that must succeed."""
    return Tokens.from_response((yield from answer(request)))


def with_secret(provider: Provider, form: Pairs, secret: str, client_id: str = "") -> Request:
    """Return a token request with another secret, or of another client, in the client's own way.

    A client that has no secret sends it in the body.
    """
    client_id = client_id or provider.client.client_id
    url = provider.endpoint("token_endpoint")
    if provider.client.token_endpoint_auth_method == "client_secret_basic":  # noqa: S105 -- a method
        return Request.post_form(url, form, headers=(basic_credentials(client_id, secret), JSON))
    added = (("client_id", client_id), ("client_secret", secret))
    return Request.post_form(url, (*form, *added), headers=(JSON,))
