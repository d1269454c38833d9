"""Which credentials work: tried once, by requests that change nothing."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote_plus

from idprobe.client.wire import Wire
from idprobe.flows import Ending, authorization_parameters, fresh_pkce, token_request, visit
from idprobe.model.profile import Client, Role

__all__ = ["login_as", "refusal_of"]

UNAUTHORIZED: Final = 401


async def refusal_of(wire: Wire, client: Client) -> str | None:
    """Return why the token endpoint does not know a client; None if it does, or none is needed.

    Asks for something that must be refused for any reason but the client's credentials.
    """
    if client.is_public:
        return None
    provider = wire.provider.with_client(client)
    request = token_request(provider, _harmless_form(client))
    response = await wire.send(request, f"client/{client.name}")
    if response.error != "invalid_client" and response.status != UNAUTHORIZED:
        return None
    return (
        f"the token endpoint refuses the credentials of client {client.name} by "
        f"{client.token_endpoint_auth_method} ({response.status} "
        f"{response.error or 'without an error code'}): check client_secret and "
        f"token_endpoint_auth_method under [clients.{client.name}]{_hint_of_encoding(client)}"
    )


def _hint_of_encoding(client: Client) -> str:
    """Return what else may be wrong with Basic credentials that change when they are encoded."""
    values = (client.client_id, client.client_secret or "")
    is_same = all(quote_plus(value) == value for value in values)
    if is_same or client.token_endpoint_auth_method != "client_secret_basic":  # noqa: S105
        return ""
    return (
        "; they have characters that Basic sends form-encoded (RFC 6749 section 2.3.1): the server "
        "may not decode them, so try a secret of letters and digits"
    )


async def login_as(wire: Wire, client: Client) -> Ending:
    """Carry the wire's user through login and consent for a client; return where that ended.

    Who may have the scope of several resources has to name them (RFC 8707 section 2.1).
    """
    provider = wire.provider.with_client(client)
    response_type = next(iter(client.response_types), "code")
    pkce = fresh_pkce() if "code" in response_type.split() else None
    named = provider.profile.indicators if Role.TARGETED in client.roles else ()
    parameters = authorization_parameters(
        provider,
        response_type=response_type,
        pkce=pkce,
        extra=[("resource", one.uri) for one in named],
    )
    return await wire.run(visit(provider, parameters), "login")


def _harmless_form(client: Client) -> Sequence[tuple[str, str]]:
    """Return a token request that changes nothing: a grant whose code or token cannot exist."""
    if "client_credentials" in client.grant_types:
        return (("grant_type", "client_credentials"), ("scope", client.scope))
    if "authorization_code" in client.grant_types:
        uri = client.redirect_uris[0] if client.redirect_uris else ""
        return (
            ("grant_type", "authorization_code"),
            ("code", "idprobe-preflight"),
            ("redirect_uri", uri),
        )
    return (("grant_type", "refresh_token"), ("refresh_token", "idprobe-preflight"))
