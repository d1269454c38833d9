"""What must not turn an authorization code into tokens: each fault with a code of its own."""

import asyncio
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Tokens,
    authorize,
    fresh_pkce,
    introspection_request,
    redeem,
    redemption,
    refresh,
    refresh_request,
    userinfo_request,
)
from idprobe.model.profile import Capability, Client, Provider, Role
from idprobe.probes import Safety, probe
from idprobe.probes.steps.authorization_request import approval, is_openid

__all__ = [
    "code_altered",
    "code_of_another_client",
    "code_of_another_client_at_public",
    "code_raced",
    "code_redirect_uri_differs",
    "code_replayed",
    "code_replayed_wrongly",
    "code_without_authentication",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
TAIL: Final = 8
RACERS: Final = 8


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def code_replayed(wire: Wire) -> None:
    """Redeem a code twice: `redeem`, `replay`; use what it brought before and after."""
    authorized = await wire.run(authorize(wire.provider), "authorize")
    tokens = await wire.run(redeem(wire.provider, authorized), "redeem")
    await _use(wire, tokens, "before")
    await wire.send(redemption(wire.provider, authorized), "replay")
    await _use(wire, tokens, "after")
    if tokens.refresh_token is not None:
        await wire.send(refresh_request(wire.provider, tokens.refresh_token), "refresh-after")
    sibling = await wire.run(authorize(wire.provider), "authorize-sibling")
    others = await wire.run(redeem(wire.provider, sibling), "redeem-sibling")
    if others.refresh_token is not None:
        await wire.run(refresh(wire.provider, others.refresh_token), "refresh-sibling")


@probe(role=Role.WEB, needs=CODE | {Capability.PKCE}, logs_in=True)
async def code_replayed_wrongly(wire: Wire) -> None:
    """Redeem a code, `redeem`, then again with another verifier, `replay`; use it before, after."""
    authorized = await wire.run(authorize(wire.provider), "authorize")
    tokens = await wire.run(redeem(wire.provider, authorized), "redeem")
    await _use(wire, tokens, "before")
    request = redemption(wire.provider, authorized, verifier=fresh_pkce().verifier)
    await wire.send(request, "replay")
    await _use(wire, tokens, "after")


async def _use(wire: Wire, tokens: Tokens, when: str) -> None:
    """Ask the server what it thinks of an access token, at a place where it tells."""
    provider = wire.provider
    if provider.has_endpoint("introspection_endpoint"):
        request = introspection_request(provider, tokens.access_token)
        await wire.send(request, f"introspect-{when}")
    if is_openid(provider) and provider.has_endpoint("userinfo_endpoint"):
        await wire.send(userinfo_request(provider, tokens.access_token), f"userinfo-{when}")


@probe(role=Role.WEB, needs=CODE, logs_in=True, exclusive=True, safety=Safety.INTRUSIVE)
async def code_raced(wire: Wire) -> None:
    """Redeem one code many times at once, `race`; then another one alone."""
    request = redemption(wire.provider, await _code(wire))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(RACERS):
            tasks.create_task(wire.send(request, "race"))
    await wire.run(redeem(wire.provider, await _code(wire)), "control")


async def _code(wire: Wire) -> Authorized:
    """Return a fresh code of the session."""
    return await wire.run(approval(wire.provider), "authorize")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def code_altered(wire: Wire) -> None:
    """Redeem a made-up code, an altered one, one cut short, none; then an honest one."""
    await wire.send(redemption(wire.provider, "idprobe-made-up-code"), "made-up")
    authorized = await _code(wire)
    code = authorized.code or ""
    middle = len(code) // 2
    other = "A" if code[middle] != "A" else "B"
    altered = f"{code[:middle]}{other}{code[middle + 1 :]}"
    await wire.send(redemption(wire.provider, authorized, extra=(("code", altered),)), "altered")
    short = (("code", code[:-TAIL]),)
    await wire.send(redemption(wire.provider, await _code(wire), extra=short), "cut-short")
    tokens = await wire.run(redeem(wire.provider, await _code(wire)), "tokens/")
    for step, value in _changed_codes((await _code(wire)).code or "", tokens).items():
        request = redemption(wire.provider, await _code(wire), extra=(("code", value),))
        await wire.send(request, step)
    await wire.send(redemption(wire.provider, await _code(wire), omit=("code",)), "without-code")
    await wire.run(redeem(wire.provider, await _code(wire)), "control")


def _changed_codes(code: str, tokens: Tokens) -> dict[str, str]:
    """Return what is nearly a code, and what is something else, by what it is."""
    others = {
        "access-token": tokens.access_token,
        "refresh-token": tokens.refresh_token,
        "id-token": tokens.id_token,
    }
    return {
        "lengthened": f"{code}A",
        "with-space": f"{code} ",
        "with-zero": f"{code}\0",
        **({"other-case": code.swapcase()} if code.swapcase() != code else {}),
        **{name: value for name, value in others.items() if value},
    }


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def code_redirect_uri_differs(wire: Wire) -> None:
    """Redeem a code with another redirect_uri, or none: a step each; then the right one."""
    provider = wire.provider
    await wire.send(redemption(provider, await _code(wire), omit=("redirect_uri",)), "missing")
    uri = provider.client.redirect_uris[0]
    others = {
        "trailing-slash": uri.rstrip("/") if uri.endswith("/") else f"{uri}/",
        "other-case": uri.swapcase(),
        "longer-query": f"{uri}{'&' if '?' in uri else '?'}idprobe=1",
        "longer-path": f"{uri}/idprobe",
        "foreign": "https://attacker.idprobe.example/cb",
        "second": next((one for one in provider.client.redirect_uris if one != uri), ""),
        **_neighbours(provider, uri),
    }
    for step, other in others.items():
        if other not in {"", uri}:
            await wire.send(redemption(provider, await _code(wire), redirect_uri=other), step)
    both = (("redirect_uri", uri), ("redirect_uri", others["foreign"]))
    await wire.send(redemption(provider, await _code(wire), extra=both), "both/twice")
    await wire.run(redeem(provider, await _code(wire)), "control")


def _neighbours(provider: Provider, uri: str) -> dict[str, str]:
    """Return the URI with a label before and after its host, and that of another client."""
    parts, other = urlsplit(uri), provider.profile.client_for(Role.SECOND)
    return {
        "sub-domain": parts._replace(netloc=f"idprobe.{parts.netloc}").geturl(),
        "longer-host": parts._replace(netloc=f"{parts.netloc}.idprobe.example").geturl(),
        "of-another-client": other.redirect_uri if other is not None else "",
    }


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def code_without_authentication(wire: Wire) -> None:
    """Redeem a code by the client_id alone, then with a wrong secret; each time a right one too."""
    provider = wire.provider
    named = (("client_id", provider.client.client_id),)
    async with wire.guessing(provider.client):
        bare = redemption(provider, await _code(wire), extra=named, method="none")
        await wire.send(bare, "without-credentials")
        await wire.run(redeem(provider, await _code(wire)), "control")
    wrong = provider.with_client(_with_wrong_secret(provider.client))
    async with wire.guessing(provider.client):
        await wire.send(redemption(wrong, await _code(wire)), "wrong-secret")
        await wire.run(redeem(provider, await _code(wire)), "control-again")


def _with_wrong_secret(client: Client) -> Client:
    """Return the client with a secret that is not its own; raises Unsuited if it has none."""
    if client.client_secret is None:
        raise Unsuited(f"the client {client.name} has no client_secret that could be wrong")
    return replace(client, client_secret=f"wrong-{client.client_secret[::-1]}")


@probe(role=Role.WEB, others=(Role.SECOND,), needs=CODE | {Capability.SECOND_CLIENT}, logs_in=True)
async def code_of_another_client(wire: Wire) -> None:
    """Redeem a code of one client with another's credentials: `stolen`; then by its owner.

    A code that its owner has redeemed is tried too: `stolen-after-use`.
    """
    thief = wire.acting_as(Role.SECOND)
    await wire.send(redemption(thief, await _code(wire)), "stolen")
    used = await _code(wire)
    await wire.run(redeem(wire.provider, used), "control")
    await wire.send(redemption(thief, used), "stolen-after-use")
    wire.fresh_browser()
    honest = await wire.run(approval(thief), "authorize-thief")
    await wire.run(redeem(thief, honest), "control-thief")


@probe(role=Role.WEB, others=(Role.PUBLIC,), needs=CODE | {Capability.PUBLIC_CLIENT}, logs_in=True)
async def code_of_another_client_at_public(wire: Wire) -> None:
    """Redeem a code of another client by a public client's id: `stolen`; then by its owner."""
    thief = wire.acting_as(Role.PUBLIC)
    await wire.send(redemption(thief, await _code(wire)), "stolen")
    await wire.run(redeem(wire.provider, await _code(wire)), "control")
    wire.fresh_browser()
    honest = await wire.run(approval(thief), "authorize-thief")
    await wire.run(redeem(thief, honest), "control-thief")
