"""The client credentials grant: its answer, its scopes, and who may not use it."""

from collections.abc import Mapping
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import client_credentials_request, introspection_request, token_request
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Client, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.token_requests import (
    JSON,
    WRONG_SECRET,
    honest_form,
    honest_tokens,
    scope_of_its_own,
    with_secret,
)
from idprobe.reading.answers import gives_tokens

__all__ = [
    "client_credentials_answer",
    "client_credentials_offline",
    "client_credentials_scopes",
    "client_credentials_unproven",
    "client_credentials_without_permission",
    "public_client_credentials",
]

GRANT: Final = ("grant_type", "client_credentials")
UNKNOWN_SCOPE: Final = "idprobe_no_such_scope"
MALFORMED_SCOPES: Final[Mapping[str, str]] = {
    "quote": 'idprobe"quote',
    "backslash": "idprobe\\backslash",
    "control": "idprobe\x07control",
    "not_ascii": "idprobe-\u00e9\u20ac",
}


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def client_credentials_answer(wire: Wire) -> None:
    """Ask for a token of the client's own and take whatever comes; step `tokens`."""
    form = await honest_form(wire, wire.provider)
    await wire.send(token_request(wire.provider, form), "tokens")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def client_credentials_offline(wire: Wire) -> None:
    """Ask for offline access without a user; step `tokens`."""
    await honest_tokens(wire, wire.provider)
    scope = " ".join(filter(None, [scope_of_its_own(wire.provider.client), "offline_access"]))
    await wire.send(client_credentials_request(wire.provider, scope), "tokens")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def client_credentials_scopes(wire: Wire) -> None:
    """Ask for no scope, for a partly unknown one, in another case, and in forms that are none.

    Steps: `omitted`, `empty`, `partly_unknown`, what introspection says of its token, `other_case`,
    `twice`, `malformed/NAME`.
    """
    provider, scope = wire.provider, _one_scope(wire.provider.client)
    await honest_tokens(wire, provider)
    await wire.send(client_credentials_request(provider), "omitted")
    await wire.send(client_credentials_request(provider, extra=(("scope", ""),)), "empty")
    mixed = client_credentials_request(provider, f"{scope} {UNKNOWN_SCOPE}")
    granted = await wire.send(mixed, "partly_unknown")
    if gives_tokens(wire.exchanges[-1]) and provider.has_endpoint("introspection_endpoint"):
        token = str(granted.json_object["access_token"])
        await wire.send(introspection_request(provider, token), "introspect")
    await wire.send(client_credentials_request(provider, scope.swapcase()), "other_case")
    again = (("scope", UNKNOWN_SCOPE),)
    await wire.send(client_credentials_request(provider, scope, extra=again), "twice")
    for name, value in MALFORMED_SCOPES.items():
        request = client_credentials_request(provider, f"{scope} {value}")
        await wire.send(request, f"malformed/{name}")
    await honest_tokens(wire, provider)


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def client_credentials_unproven(wire: Wire) -> None:
    """Use the grant without a client, with a client_id alone, with an empty and a wrong secret.

    Steps: `nothing`, `client_id_alone`, `empty_secret`, `wrong_secret`, `unknown_client`; the right
    credentials work before and after each.
    """
    provider = wire.provider
    form = await honest_form(wire, provider)
    requests = {
        "nothing": Request.post_form(provider.endpoint("token_endpoint"), form, headers=(JSON,)),
        "client_id_alone": token_request(provider, form, method="none"),
        "empty_secret": with_secret(provider, form, ""),
        "wrong_secret": with_secret(provider, form, WRONG_SECRET),
        "unknown_client": with_secret(provider, form, WRONG_SECRET, "idprobe-no-such-client"),
    }
    await honest_tokens(wire, provider)
    for step, request in requests.items():
        async with wire.guessing(provider.client):
            await wire.send(request, step)
            await honest_tokens(wire, provider)


@probe(
    role=Role.PUBLIC,
    others=(Role.SERVICE,),
    needs={Capability.CLIENT_CREDENTIALS, Capability.PUBLIC_CLIENT},
)
async def public_client_credentials(wire: Wire) -> None:
    """Let a public client use the grant; step `public`. A confidential client can, before."""
    await honest_tokens(wire, wire.acting_as(Role.SERVICE))
    await wire.send(token_request(wire.provider, (GRANT,)), "public")


@probe(role=Role.WEB, others=(Role.SERVICE,), needs={Capability.CLIENT_CREDENTIALS})
async def client_credentials_without_permission(wire: Wire) -> None:
    """Let a client use the grant that is not registered for it; step `unpermitted`."""
    provider = _without_the_grant(wire)
    await honest_tokens(wire, wire.acting_as(Role.SERVICE))
    await wire.send(token_request(provider, (GRANT,)), "unpermitted")


def _one_scope(client: Client) -> str:
    """Return one scope that the client may have for itself; raises Unsuited without one."""
    scope = scope_of_its_own(client)
    if scope is None:
        raise Unsuited(f"the profile names no scope that {client.name} can ask for by itself")
    return scope.split()[0]


def _without_the_grant(wire: Wire) -> Provider:
    """Return the provider as a confidential client sees it that may not use the grant."""
    if "client_credentials" not in wire.provider.client.grant_types:
        return wire.provider
    raise Unsuited("the web client of the profile is registered for client_credentials too")
