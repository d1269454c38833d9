"""What HTTP means: methods, codings and sizes at the token endpoint, and whose answer is whose."""

import asyncio
import gzip
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import NoResponse
from idprobe.flows import (
    authorization_request,
    introspection_request,
    redeem,
    revocation_request,
    token_request,
    userinfo_request,
)
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.http.http_framing import written
from idprobe.probes.steps.authorization_request import (
    another_user,
    approval,
    by_get,
    ordinary,
    tried,
)
from idprobe.probes.steps.token_requests import JSON, client_using, honest_form, honest_tokens

__all__ = [
    "compressed_request",
    "large_bodies",
    "method_in_lower_case",
    "revocation_by_get",
    "uri_of_8000_octets",
    "userinfo_of_two_users",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
OCTETS: Final = 7_900
MEBIBYTE: Final = 1_048_576
MANY: Final = 10_000
ROUNDS: Final = 3
GRANT: Final = ("grant_type", "client_credentials")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def uri_of_8000_octets(wire: Wire) -> None:
    """Ask with a URI of nearly 8000 octets, `padded`, between two ordinary requests."""
    await wire.run(approval(wire.provider), "authorize")
    parameters = ordinary(wire.provider)
    usual = authorization_request(wire.provider, parameters)
    missing = OCTETS - len(usual.origin) - len(usual.target) - len("&idprobe_padding=")
    await tried(wire, "padded", (*parameters, ("idprobe_padding", "x" * max(missing, 1))))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def compressed_request(wire: Wire) -> None:
    """Send a compressed token request without credentials, `gzip`; then an honest one."""
    url = wire.provider.endpoint("token_endpoint")
    plain = Request.post_form(url, (GRANT,), headers=(JSON, ("Content-Encoding", "gzip")))
    await wire.send(replace(plain, body=gzip.compress(plain.body, mtime=0)), "gzip")
    await honest_tokens(wire, wire.provider)


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def method_in_lower_case(wire: Wire) -> None:
    """Send an honest token request by POST, `usual`, and by the method post: `lower`."""
    provider = wire.provider
    for step, method in {"usual": "POST", "lower": "post"}.items():
        request = token_request(provider, await honest_form(wire, provider))
        length = ("Content-Length", str(len(request.body)))
        spelled = written(wire, request, length, ("Connection", "close"))
        await wire.send_raw(replace(spelled, method=method), step)
    await honest_tokens(wire, provider)


@probe(role=Role.SERVICE, needs={Capability.CLIENT_CREDENTIALS})
async def large_bodies(wire: Wire) -> None:
    """Send honest requests with a value of 1 MiB, 10000 parameters, 1000 names that are empty.

    Steps: `large-value`, `many-parameters`, `empty-names`. To break off is an answer to them.
    """
    provider = wire.provider
    await honest_tokens(wire, provider)
    added: Mapping[str, bytes] = {
        "large-value": b"&idprobe_padding=" + b"x" * MEBIBYTE,
        "many-parameters": b"".join(b"&p%d=1" % number for number in range(MANY)),
        "empty-names": b"&=" * (MANY // 10),
    }
    for step, octets in added.items():
        request = token_request(provider, await honest_form(wire, provider))
        with suppress(NoResponse):
            await wire.send(replace(request, body=request.body + octets), step)
    await honest_tokens(wire, provider)


@probe(
    needs={Capability.REVOCATION, Capability.INTROSPECTION, Capability.SECRET_BASIC},
    logs_in=True,
)
async def revocation_by_get(wire: Wire) -> None:
    """Revoke a token by GET, `get`, then by POST: `post`; `before`, `after`, `gone` are asked."""
    provider = wire.provider.with_client(client_using(wire, "client_secret_basic"))
    token = (await honest_tokens(wire, provider, "tokens")).access_token
    await wire.send(introspection_request(provider, token), "before")
    usual = revocation_request(provider, token)
    await wire.send(by_get(usual), "get")
    await wire.send(introspection_request(provider, token), "after")
    await wire.send(usual, "post")
    await wire.send(introspection_request(provider, token), "gone")


@probe(
    role=Role.WEB,
    needs=CODE | {Capability.OPENID, Capability.USERINFO, Capability.SECOND_USER},
    logs_in=True,
)
async def userinfo_of_two_users(wire: Wire) -> None:
    """Ask for the claims of two users in turn and at once; steps `first/N` and `second/N`."""
    provider = wire.provider
    first = await _access_token(wire, provider, "first")
    wire.fresh_browser()
    second = await _access_token(wire, provider.with_user(another_user(provider)), "second")
    tokens = {"first": first, "second": second}
    for number in range(ROUNDS):
        for name, token in tokens.items():
            await wire.send(userinfo_request(provider, token), f"{name}/{number + 1}")
    async with asyncio.TaskGroup() as tasks:
        for name, token in tokens.items():
            request = userinfo_request(provider, token)
            tasks.create_task(wire.send(request, f"{name}/at-once"))


async def _access_token(wire: Wire, provider: Provider, name: str) -> str:
    authorized = await wire.run(approval(provider), f"login-{name}")
    return (await wire.run(redeem(provider, authorized), f"tokens-{name}")).access_token
