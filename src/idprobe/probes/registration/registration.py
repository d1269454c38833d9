"""Registering clients, as honest ones do (RFC 7591)."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.flows import basic_credentials, bearer, registration_request, visit
from idprobe.flows.registration import configuration_request
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import ordinary
from idprobe.probes.steps.throwaway_clients import CALLBACK, metadata_for, throwaway_clients

__all__ = [
    "client_registered",
    "client_registered_by_defaults",
    "clients_registered_together",
    "public_client_registered",
    "registration_access",
    "registration_extras",
    "registration_read",
    "service_client_registered",
    "token_asked_by_defaults",
]

REGISTRATION: Final = frozenset({Capability.REGISTRATION})
TOGETHER: Final = 4
LOGIN: Final = "https://client.example/login"
ORIGIN: Final = "https://client.example"
JSON: Final = ("Accept", "application/json")
WITHOUT_SECRET: Final = {"token_endpoint_auth_method": "none"}
STATEMENT: Final = (
    "eyJhbGciOiJFUzI1NiIsImtpZCI6Im5vYm9keSJ9."
    "eyJpc3MiOiJodHRwczovL25vYm9keS5leGFtcGxlIiwiY2xpZW50X25hbWUiOiJTdGF0ZW1lbnQifQ."
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""A software statement of an issuer that nobody trusts; its signature is zeros."""

EXTRAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "unknown": {"xyz_idprobe_unknown": {"a": [1]}},
    "strange-method": {"token_endpoint_auth_method": "idprobe_no_such_method"},
    "statement": {"software_statement": STATEMENT},
    "chosen-identity": {"client_id": "alice", "sub": "alice", "username": "alice"},
}


@probe(needs=REGISTRATION)
async def client_registered(wire: Wire) -> None:
    """Register a web client with two redirect URIs: `register`."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(
            wire.provider,
            redirect_uris=[CALLBACK, "https://client.example/other"],
            contacts=["contact@client.example"],
        )
        await throwaway.enter("register", metadata)


@probe(needs=REGISTRATION)
async def registration_read(wire: Wire) -> None:
    """Register a web client and read its registration: `read`, `again`, `from-a-page`."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(
            wire.provider, contacts=["contact@client.example"], initiate_login_uri=LOGIN
        )
        registration = await throwaway.manageable("register", metadata)
        await throwaway.manage("read", "GET", registration)
        await throwaway.manage("again", "GET", registration)
        place, token = throwaway.place(registration)
        request = configuration_request("GET", place, token)
        await throwaway.send("from-a-page", request.with_headers(("Origin", ORIGIN)))


@probe(needs=REGISTRATION)
async def client_registered_by_defaults(wire: Wire) -> None:
    """Register with redirect_uris alone: `register`; then try what the defaults allow and not."""
    async with throwaway_clients(wire) as throwaway:
        metadata = {"redirect_uris": [CALLBACK]}
        registration = await throwaway.register("register", metadata)
        provider = wire.provider.with_client(registration.client("registered", metadata))
        if registration.text("client_secret") is not None:
            code = (("code", "idprobe-no-such-code"), ("redirect_uri", CALLBACK))
            grant = ("grant_type", "authorization_code")
            await wire.send(by_basic(provider, (grant, *code)), "code-by-basic")
            own = ("grant_type", "client_credentials")
            await wire.send(by_basic(provider, (own,)), "client-credentials")
        parameters = ordinary(provider, response_type="token")
        await wire.run(visit(provider, parameters, user=False), "token-by-redirect")


@probe(needs=REGISTRATION | {Capability.LOGIN}, logs_in=True)
async def token_asked_by_defaults(wire: Wire) -> None:
    """Register with redirect_uris alone: `register`; then log in for a token by redirect: `asked`.

    `control` is a login of the same client for a code.
    """
    async with throwaway_clients(wire) as throwaway:
        metadata = {"redirect_uris": [CALLBACK]}
        registration = await throwaway.register("register", metadata)
        provider = wire.provider.with_client(registration.client("registered", metadata))
        offered = wire.provider.metadata.get("scopes_supported")
        openid = isinstance(offered, list) and "openid" in offered
        scope = (("scope", "openid"),) if openid else ()
        for step, kind in {"control": "code", "asked": "token"}.items():
            request = ordinary(provider, response_type=kind, extra=scope)
            await wire.run(visit(provider, request), step)


@probe(needs=REGISTRATION | {Capability.CLIENT_CREDENTIALS})
async def service_client_registered(wire: Wire) -> None:
    """Register a client for client_credentials alone: `register`; get a token with it: `token`."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(
            wire.provider,
            redirect_uris=None,
            grant_types=["client_credentials"],
            response_types=[],
        )
        registration = await throwaway.register("register", metadata)
        provider = wire.provider.with_client(registration.client("registered", metadata))
        await wire.send(own_token(provider), "token")


@probe(needs=REGISTRATION)
async def public_client_registered(wire: Wire) -> None:
    """Register public clients: `web` in a browser's page, `native` on a device."""
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("web", metadata_for(wire.provider, **WITHOUT_SECRET))
        native = metadata_for(
            wire.provider,
            **WITHOUT_SECRET,
            application_type="native",
            redirect_uris=["com.example.idprobe:/cb"],
        )
        await throwaway.offer("native", native)


@probe(needs=REGISTRATION)
async def registration_extras(wire: Wire) -> None:
    """Register with members that servers may not know, or not accept; a step for each."""
    provider = wire.provider
    async with throwaway_clients(wire) as throwaway:
        await throwaway.register("control", metadata_for(provider))
        for step, changes in EXTRAS.items():
            await throwaway.offer(step, metadata_for(provider, **changes))


@probe(needs=REGISTRATION)
async def registration_access(wire: Wire) -> None:
    """Register without access token: `anonymous`; a made-up one: `bad-token`; ours: `allowed`."""
    bare = registration_request(wire.provider, metadata_for(wire.provider))
    async with throwaway_clients(wire) as throwaway:
        await throwaway.send("anonymous", bare)
        made_up = bare.with_headers(bearer("idprobe-no-such-token"))
        await throwaway.send("bad-token", made_up)
        await throwaway.offer("allowed", metadata_for(wire.provider))


@probe(needs=REGISTRATION)
async def clients_registered_together(wire: Wire) -> None:
    """Register the same software several times at once: `client/1` and so on."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, software_id="idprobe", software_version="1")
        await throwaway.register("client", metadata)
        numbers = range(1, TOGETHER + 1)
        await asyncio.gather(*(throwaway.offer(f"client/{number}", metadata) for number in numbers))


def by_basic(provider: Provider, form: tuple[tuple[str, str], ...]) -> Request:
    """Return a token request with the client's secret by HTTP Basic, however it registered."""
    client = provider.client
    credentials = basic_credentials(client.client_id, client.client_secret or "")
    return Request.post_form(provider.endpoint("token_endpoint"), form, headers=(credentials, JSON))


def own_token(provider: Provider) -> Request:
    """Return a client's request for a token of its own, in the way that it registered."""
    form = (("grant_type", "client_credentials"),)
    client = provider.client
    if client.token_endpoint_auth_method == "client_secret_basic":  # noqa: S105 -- a method
        return by_basic(provider, form)
    secret = (("client_id", client.client_id), ("client_secret", client.client_secret or ""))
    return Request.post_form(provider.endpoint("token_endpoint"), (*form, *secret), headers=(JSON,))
