"""What a provider's own documentation promises, tried out (`[contract]` of a profile)."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    authorization_parameters,
    bearer,
    client_credentials,
    client_credentials_request,
    introspection_request,
    refresh_request,
    token_request,
    tokens_by_code,
    userinfo_request,
    visit,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.token_requests import client_using, honest_form, scope_of_its_own

__all__ = [
    "access_token_used_again",
    "client_credentials_refreshed",
    "code_refreshed",
    "implicit_landing",
    "secret_in_body",
    "service_token_at_userinfo",
]

USES: Final = 5


@probe(needs={Capability.SECRET_POST}, logs_in=True)
async def secret_in_body(wire: Wire) -> None:
    """Send client_id and client_secret in the body, nothing in the header; step `tokens`."""
    provider = wire.provider.with_client(client_using(wire, "client_secret_post"))
    await wire.send(token_request(provider, await honest_form(wire, provider)), "tokens")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def client_credentials_refreshed(wire: Wire) -> None:
    """Refresh what client credentials brought; steps `tokens` and, with a token, `refreshed`."""
    provider = wire.provider
    scope = scope_of_its_own(provider.client)
    answer = await wire.send(client_credentials_request(provider, scope), "tokens")
    token = answer.json_object.get("refresh_token") if answer.is_granted else None
    if not isinstance(token, str):
        raise Unsuited("client credentials bring no refresh token here")
    await wire.send(refresh_request(provider, token), "refreshed")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE, Capability.REFRESH_TOKEN}, logs_in=True)
async def code_refreshed(wire: Wire) -> None:
    """Refresh what a code brought, twice; steps `redeem`, `refreshed` and `refreshed_again`."""
    tokens = await wire.run(tokens_by_code(wire.provider), "redeem")
    token = tokens.refresh_token
    if token is None:
        raise Unsuited("the web client of the profile is given no refresh token")
    for step in ("refreshed", "refreshed_again"):
        answer = await wire.send(refresh_request(wire.provider, token), step)
        newer = answer.json_object.get("refresh_token") if answer.is_granted else None
        token = newer if isinstance(newer, str) else token


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def access_token_used_again(wire: Wire) -> None:
    """Use one access token several times; steps `redeem` and `use/1` and so on."""
    tokens = await wire.run(tokens_by_code(wire.provider), "redeem")
    for number in range(USES):
        await wire.send(_use(wire.provider, tokens.access_token), f"use/{number + 1}")


@probe(
    role=Role.SERVICE,
    others=(Role.WEB,),
    needs={Capability.CLIENT_CREDENTIALS, Capability.AUTHORIZATION_CODE, Capability.USERINFO},
    logs_in=True,
)
async def service_token_at_userinfo(wire: Wire) -> None:
    """Ask userinfo by a token of a user, `user`, and of client credentials, `service`.

    With introspection the service's token is `introspect`ed too.
    """
    web = wire.acting_as(Role.WEB)
    person = await wire.run(tokens_by_code(web), "redeem")
    await wire.send(userinfo_request(web, person.access_token), "user")
    scope = scope_of_its_own(wire.provider.client)
    own = await wire.run(client_credentials(wire.provider, scope), "tokens")
    await wire.send(userinfo_request(web, own.access_token), "service")
    if wire.provider.has_endpoint("introspection_endpoint"):
        await wire.send(introspection_request(wire.provider, own.access_token), "introspect")


@probe(role=Role.IMPLICIT, needs={Capability.IMPLICIT}, logs_in=True)
async def implicit_landing(wire: Wire) -> None:
    """Carry the user through an implicit request to any ending; step `authorize`."""
    response_type = wire.provider.client.response_types[0]
    parameters = authorization_parameters(wire.provider, response_type=response_type)
    await wire.run(visit(wire.provider, parameters), "authorize")


def _use(provider: Provider, access_token: str) -> Request:
    """Return a request that shows whether an access token is good."""
    if provider.has_endpoint("userinfo_endpoint") and "openid" in provider.client.scopes:
        return userinfo_request(provider, access_token)
    if provider.profile.resource_url is not None:
        return Request.get(provider.profile.resource_url, headers=(bearer(access_token),))
    if provider.has_endpoint("introspection_endpoint"):
        return introspection_request(provider, access_token)
    raise Unsuited("there is no place to use an access token: name one as [resource] url")
