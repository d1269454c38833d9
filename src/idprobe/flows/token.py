"""The token endpoint: client authentication and the grants."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from idprobe.errors import ProfileError
from idprobe.flows.authorization import Authorized, authorize
from idprobe.flows.moves import Flow, Tokens, answer
from idprobe.formats.jose import client_assertion, default_alg
from idprobe.model.exchange import Headers, Pairs, Request, form_encode
from idprobe.model.profile import Provider

__all__ = [
    "authenticated",
    "basic_credentials",
    "client_credentials",
    "client_credentials_request",
    "log_in",
    "redeem",
    "redemption",
    "refresh",
    "refresh_request",
    "token_request",
    "tokens_by_code",
]

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JSON: Final = ("Accept", "application/json")

Form = Sequence[tuple[str, str]]


def basic_credentials(client_id: str, secret: str) -> tuple[str, str]:
    """Return a client's Authorization header, both halves form-encoded (RFC 6749 section 2.3.1)."""
    halves = ":".join(form_encode([("", half)])[1:] for half in (client_id, secret))
    return ("Authorization", f"Basic {b64encode(halves.encode('ascii')).decode('ascii')}")


def token_request(provider: Provider, form: Form, *, method: str | None = None) -> Request:
    """Return a request to the token endpoint, with the client's authentication added.

    `method` replaces the client's registered token_endpoint_auth_method.
    """
    return authenticated(provider, "token_endpoint", form, method=method)


def authenticated(
    provider: Provider, endpoint_name: str, form: Form, *, method: str | None = None
) -> Request:
    """Return a request of an authenticated client to an endpoint.

    The methods are those of OpenID Connect Core 1.0, section 9, and RFC 8705 section 2.
    """
    headers, added = _authentication(provider, method or provider.client.token_endpoint_auth_method)
    present = {name for name, _ in form}
    added = tuple(pair for pair in added if pair[0] != "client_id" or "client_id" not in present)
    url = provider.endpoint(endpoint_name)
    return Request.post_form(url, (*form, *added), headers=(*headers, JSON))


def _authentication(provider: Provider, method: str) -> tuple[Headers, Pairs]:
    """Return the headers and the form members that authenticate the client."""
    client = provider.client
    match method:
        case "client_secret_basic":
            return (basic_credentials(client.client_id, _secret(provider, method)),), ()
        case "client_secret_post":
            secret = _secret(provider, method)
            return (), (("client_id", client.client_id), ("client_secret", secret))
        case "client_secret_jwt":
            return (), _assertion(provider, _secret(provider, method))
        case "private_key_jwt":
            return (), _assertion(provider, _signing_key(provider))
        case "none" | "tls_client_auth" | "self_signed_tls_client_auth":
            return (), (("client_id", client.client_id),)
        case _:
            raise _unusable(provider, "token_endpoint_auth_method", f"{method!r} is not supported")


def _assertion(provider: Provider, key: Mapping[str, Any] | str) -> Pairs:
    """Return the form members of a JWT assertion (RFC 7523 section 2.2).

    Its audience is the token endpoint, which is what most servers in the field accept.
    """
    announced = provider.metadata.get("token_endpoint_auth_signing_alg_values_supported")
    algs = (
        tuple(alg for alg in announced if isinstance(alg, str))
        if isinstance(announced, list)
        else ()
    )
    alg = default_alg({"kty": "oct"} if isinstance(key, str) else key)
    if algs and alg not in algs and not (isinstance(key, Mapping) and "alg" in key):
        families = {"HS256": ("HS",), "RS256": ("PS", "RS")}.get(alg, (alg,))
        alg = next((name for name in algs if name.startswith(families)), alg)
    assertion = client_assertion(
        provider.client.client_id,
        provider.endpoint("token_endpoint"),
        key=key,
        alg=alg,
        now=datetime.now(UTC),
    )
    return (("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion))


def _secret(provider: Provider, method: str) -> str:
    secret = provider.client.client_secret
    if secret is None:
        raise _unusable(provider, "client_secret", f"{method} needs it")
    return secret


def _signing_key(provider: Provider) -> Mapping[str, Any]:
    keys = (provider.client.jwks or {}).get("keys")
    for key in keys if isinstance(keys, Sequence) else ():
        if isinstance(key, Mapping) and key.get("use", "sig") == "sig" and "d" in key:
            return key
    raise _unusable(provider, "jwks", "private_key_jwt needs a private signing key in it")


def _unusable(provider: Provider, key: str, fix: str) -> ProfileError:
    return ProfileError(provider.profile.where, f"clients.{provider.client.name}.{key}", fix)


def redemption(  # noqa: PLR0913 -- one for each part of the request, all named
    provider: Provider,
    code: Authorized | str,
    *,
    redirect_uri: str | None = None,
    verifier: str | None = None,
    extra: Form = (),
    omit: Sequence[str] = (),
    method: str | None = None,
) -> Request:
    """Return the request that trades an authorization code (RFC 6749 section 4.1.3).

    redirect_uri and code verifier are those of the authorization, unless they are given. `extra`
    replaces members of the same name, `omit` leaves some out.
    """
    if isinstance(code, Authorized):
        redirect_uri = code.sent("redirect_uri") if redirect_uri is None else redirect_uri
        verifier = code.pkce.verifier if verifier is None and code.pkce else verifier
        value = code.code or ""
    else:
        redirect_uri = provider.client.redirect_uri if redirect_uri is None else redirect_uri
        value = code
    members = (
        ("grant_type", "authorization_code"),
        ("code", value),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    )
    dropped = {*omit, *(name for name, _ in extra)}
    form = [(name, given) for name, given in members if given is not None and name not in dropped]
    return token_request(provider, (*form, *extra), method=method)


def redeem(provider: Provider, code: Authorized | str) -> Flow[Tokens]:
    """Trade an authorization code for tokens (RFC 6749 section 4.1.3)."""
    response = yield from answer(redemption(provider, code))
    return Tokens.from_response(response)


def client_credentials_request(
    provider: Provider, scope: str | None = None, *, extra: Form = (), method: str | None = None
) -> Request:
    """Return the request of a client for a token of its own (RFC 6749 section 4.4.2).

    Without a scope it asks for none, so that the server's default is given.
    """
    scopes = (("scope", scope),) if scope else ()
    form = (("grant_type", "client_credentials"), *scopes, *extra)
    return token_request(provider, form, method=method)


def client_credentials(provider: Provider, scope: str | None = None) -> Flow[Tokens]:
    """Get tokens for the client itself (RFC 6749 section 4.4)."""
    response = yield from answer(client_credentials_request(provider, scope))
    return Tokens.from_response(response)


def refresh_request(
    provider: Provider,
    token: str,
    scope: str | None = None,
    *,
    extra: Form = (),
    method: str | None = None,
) -> Request:
    """Return the request that trades a refresh token (RFC 6749 section 6)."""
    scopes = (("scope", scope),) if scope is not None else ()
    form = (("grant_type", "refresh_token"), ("refresh_token", token), *scopes, *extra)
    return token_request(provider, form, method=method)


def refresh(provider: Provider, token: str, scope: str | None = None) -> Flow[Tokens]:
    """Trade a refresh token for fresh tokens (RFC 6749 section 6)."""
    response = yield from answer(refresh_request(provider, token, scope))
    return Tokens.from_response(response)


def log_in(provider: Provider, scope: str | None = None) -> Flow[Authorized]:
    """Let the user log in and consent, and return the authorization code that landed."""
    return (yield from authorize(provider, scope=scope))


def tokens_by_code(provider: Provider, scope: str | None = None) -> Flow[Tokens]:
    """Log in and trade the code for tokens (RFC 6749 section 4.1)."""
    authorized = yield from log_in(provider, scope)
    return (yield from redeem(provider, authorized))
