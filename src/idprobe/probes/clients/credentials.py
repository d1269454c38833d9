"""Client secrets that are almost right, at every endpoint where clients authenticate."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authenticated, token_request
from idprobe.model.exchange import Pairs, Request, form_encode
from idprobe.model.profile import Capability, Client, Provider
from idprobe.probes import probe
from idprobe.probes.steps.token_requests import JSON, can_get_tokens, honest_form, honest_tokens

__all__ = ["secret_near_misses", "secrets_elsewhere"]

SECRET_METHODS: Final = frozenset({"client_secret_basic", "client_secret_post"})
ENDPOINTS: Final = ("revocation", "introspection")


@probe(needs={Capability.CONFIDENTIAL_CLIENT}, logs_in=True)
async def secret_near_misses(wire: Wire) -> None:
    """Authenticate by secrets that differ a little from the right one; a step for each.

    Steps: `other-case`, `shorter`, `longer`, `space-after`, `line-after`, `zero-after`, `twice`,
    `of-another-client`. The right secret works after each.
    """
    provider = wire.provider.with_client(_with_secret(wire))
    for step, secret in _near_misses(provider):
        wrong = provider.with_client(replace(provider.client, client_secret=secret))
        form = await honest_form(wire, provider)
        async with wire.guessing(provider.client):
            await wire.send(token_request(wrong, form), step)
            await honest_tokens(wire, provider)


def _with_secret(wire: Wire) -> Client:
    """Return a client that shows its secret, one without login pages if there is one."""
    fitting = [
        client
        for client in wire.provider.profile.clients.values()
        if client.token_endpoint_auth_method in SECRET_METHODS and can_get_tokens(client)
    ]
    if not fitting:
        raise Unsuited("no client of the profile has a secret and a grant to try it with")
    return min(fitting, key=lambda client: "client_credentials" not in client.grant_types)


def _near_misses(provider: Provider) -> Iterator[tuple[str, str]]:
    secret = provider.client.client_secret or ""
    if secret.swapcase() != secret:
        yield "other-case", secret.swapcase()
    yield "shorter", secret[:-1]
    yield "longer", f"{secret}a"
    yield "space-after", f"{secret} "
    yield "line-after", f"{secret}\n"
    yield "zero-after", f"{secret}\0"
    yield "twice", secret * 2
    foreign = _secret_of_another(provider)
    if foreign is not None:
        yield "of-another-client", foreign


def _secret_of_another(provider: Provider) -> str | None:
    """Return the secret of some other client of the profile, None if no other has one."""
    mine = provider.client.client_secret
    others = (one.client_secret for one in provider.profile.clients.values())
    return next((secret for secret in others if secret not in {None, mine}), None)


@probe(needs={Capability.CONFIDENTIAL_CLIENT}, logs_in=True)
async def secrets_elsewhere(wire: Wire) -> None:
    """Authenticate wrongly where tokens are revoked and introspected; steps ENDPOINT-FAULT.

    The faults are `in-query` and `of-another-client`; `good` works after each, and a token that was
    not revoked is still to be revoked at the end.
    """
    provider = wire.provider.with_client(_with_secret(wire))
    for name in ENDPOINTS:
        endpoint = f"{name}_endpoint"
        if not provider.has_endpoint(endpoint):
            continue
        token = (await honest_tokens(wire, provider, f"{name}-token")).access_token
        form = (("token", token),)
        for step, request in _elsewhere(provider, endpoint, form):
            async with wire.guessing(provider.client):
                await wire.send(request, f"{name}-{step}")
                await honest_tokens(wire, provider)
        await wire.send(authenticated(provider, endpoint, form), f"{name}-good")


def _elsewhere(provider: Provider, endpoint: str, form: Pairs) -> Iterator[tuple[str, Request]]:
    client_id, secret = provider.client.client_id, provider.client.client_secret or ""
    body = (("client_id", client_id), ("client_secret", secret))
    bare = Request.post_form(provider.endpoint(endpoint), form, headers=(JSON,))
    joint = b"&" if b"?" in bare.target else b"?"
    yield "in-query", replace(bare, target=bare.target + joint + form_encode(body).encode())
    foreign = _secret_of_another(provider)
    if foreign is not None:
        wrong = provider.with_client(replace(provider.client, client_secret=foreign))
        yield "of-another-client", authenticated(wrong, endpoint, form)
