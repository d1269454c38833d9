"""Properties of tokens: whatever changes the octets of one makes another, which is no good."""

from typing import Final

from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Tokens,
    authorize,
    introspection_request,
    redeem,
    redemption,
    refresh,
    refresh_request,
    revocation_request,
    userinfo_request,
)
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.steps.authorization_request import approval
from idprobe.probes.steps.edits import Edit, edits
from idprobe.reading.properties.encodings import flaw_not_refused_with
from idprobe.reading.properties.tampered import (
    flaw_forged_token_accepted,
    flaw_forged_token_active,
    flaw_token_ended,
)

__all__ = [
    "access_tokens_tampered",
    "codes_tampered",
    "introspected_tokens_tampered",
    "refresh_tokens_tampered",
    "revoked_tokens_tampered",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
CHANGES: Final = ("replace", "case", "append", "cut", "insert", "delete", "prepend", "behead")


def changes(_provider: Provider) -> SearchStrategy[Edit]:
    """Return what is done to a token."""
    return edits(*CHANGES)


async def tokens_used(wire: Wire) -> None:
    """Log in, get tokens and use them."""
    tokens = await _tokens(wire)
    response = await wire.send(userinfo_request(wire.provider, tokens.access_token), "control-use")
    if not response.is_granted:
        raise Unsuited("the access token is no good at the userinfo endpoint")


@searched(
    changes,
    flaw_forged_token_accepted,
    role=Role.WEB,
    needs=CODE | {Capability.USERINFO},
    logs_in=True,
    control=tokens_used,
)
async def access_tokens_tampered(wire: Wire, edit: Edit) -> None:
    """Use a changed access token at the userinfo endpoint."""
    token = (await _tokens(wire)).access_token
    await wire.send(userinfo_request(wire.provider, edit.of(token)), "tampered")


async def tokens_introspected(wire: Wire) -> None:
    """Log in, get tokens and introspect them."""
    token = (await _tokens(wire)).access_token
    response = await wire.send(introspection_request(wire.provider, token), "control-use")
    if response.json_object.get("active") is not True:
        raise Unsuited("the client is not told of its own token")


@searched(
    changes,
    flaw_forged_token_active,
    role=Role.WEB,
    needs=CODE | {Capability.INTROSPECTION},
    logs_in=True,
    control=tokens_introspected,
)
async def introspected_tokens_tampered(wire: Wire, edit: Edit) -> None:
    """Introspect a changed access token."""
    token = (await _tokens(wire)).access_token
    await wire.send(introspection_request(wire.provider, edit.of(token)), "tampered")


async def tokens_refreshed(wire: Wire) -> None:
    """Log in, get tokens and refresh them."""
    await wire.run(refresh(wire.provider, await _refresh_token(wire)), "control")


@searched(
    changes,
    flaw_not_refused_with("invalid_grant", "invalid_request"),
    role=Role.WEB,
    needs=CODE | {Capability.REFRESH_TOKEN},
    logs_in=True,
    control=tokens_refreshed,
)
async def refresh_tokens_tampered(wire: Wire, edit: Edit) -> None:
    """Trade a changed refresh token."""
    token = await _refresh_token(wire)
    await wire.send(refresh_request(wire.provider, edit.of(token)), "tampered")


async def code_redeemed(wire: Wire) -> None:
    """Log in and redeem a code."""
    await wire.run(redeem(wire.provider, await _code(wire)), "control")


@searched(
    changes,
    flaw_not_refused_with("invalid_grant", "invalid_request"),
    role=Role.WEB,
    needs=CODE,
    logs_in=True,
    control=code_redeemed,
)
async def codes_tampered(wire: Wire, edit: Edit) -> None:
    """Redeem a changed code."""
    authorized = await _code(wire)
    changed = (("code", edit.of(authorized.code or "")),)
    await wire.send(redemption(wire.provider, authorized, extra=changed), "tampered")


@searched(
    changes,
    flaw_token_ended,
    role=Role.WEB,
    needs=CODE | {Capability.USERINFO, Capability.REVOCATION},
    logs_in=True,
    control=tokens_used,
)
async def revoked_tokens_tampered(wire: Wire, edit: Edit) -> None:
    """Revoke a changed access token; the real one is still good."""
    token = (await _tokens(wire)).access_token
    await wire.send(revocation_request(wire.provider, edit.of(token)), "tampered")
    await wire.send(userinfo_request(wire.provider, token), "use")


async def _code(wire: Wire) -> Authorized:
    return await wire.run(approval(wire.provider), "login")


async def _tokens(wire: Wire) -> Tokens:
    return await wire.run(redeem(wire.provider, await _code(wire)), "tokens")


async def _refresh_token(wire: Wire) -> str:
    """Return a refresh token; raises Unsuited if none comes."""
    authorized = await wire.run(authorize(wire.provider), "login")
    tokens: Tokens = await wire.run(redeem(wire.provider, authorized), "tokens")
    if tokens.refresh_token is None:
        raise Unsuited(f"the server gives the client {wire.provider.client.name} no refresh token")
    return tokens.refresh_token
