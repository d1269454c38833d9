"""ID Tokens of the front channel: the implicit and the hybrid flow."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.flows import (
    Authorized,
    Stopped,
    authorization_parameters,
    authorize,
    fresh_pkce,
    redemption,
    userinfo_request,
    visit,
)
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe

__all__ = [
    "hybrid_code_id_token",
    "hybrid_code_id_token_token",
    "hybrid_code_token",
    "implicit_id_token",
    "implicit_id_token_token",
]

IMPLICIT: Final = frozenset({Capability.IMPLICIT, Capability.OPENID})
HYBRID: Final = frozenset({Capability.HYBRID, Capability.OPENID})
MAX_AGE: Final = (("max_age", "10000"),)


@probe(role=Role.IMPLICIT, needs=IMPLICIT, logs_in=True)
async def implicit_id_token(wire: Wire) -> None:
    """Ask for an ID Token alone by the implicit flow; step `login`."""
    _registered(wire, "id_token")
    await wire.run(authorize(wire.provider, response_type="id_token"), "login")


@probe(role=Role.IMPLICIT, needs=IMPLICIT, logs_in=True)
async def implicit_id_token_token(wire: Wire) -> None:
    """Ask for ID Token and access token by the implicit flow, use it; steps `login`, `userinfo`."""
    _registered(wire, "id_token token")
    authorized = await wire.run(authorize(wire.provider, response_type="id_token token"), "login")
    await _ask(wire, authorized.access_token, "userinfo")


@probe(role=Role.HYBRID, needs=HYBRID, logs_in=True)
async def hybrid_code_id_token(wire: Wire) -> None:
    """Take a code and an ID Token by redirect, redeem the code; steps `login`, `tokens`."""
    await _hybrid(wire, "code id_token")


@probe(role=Role.HYBRID, needs=HYBRID, logs_in=True)
async def hybrid_code_token(wire: Wire) -> None:
    """Take a code and an access token by redirect; steps `login`, `tokens`, `userinfo`."""
    await _hybrid(wire, "code token")


@probe(role=Role.HYBRID, needs=HYBRID, logs_in=True)
async def hybrid_code_id_token_token(wire: Wire) -> None:
    """Take all three by redirect, redeem the code; steps `login`, `tokens`, `userinfo`."""
    await _hybrid(wire, "code id_token token")


async def _hybrid(wire: Wire, response_type: str) -> None:
    _registered(wire, response_type)
    pkce = fresh_pkce()
    parameters = authorization_parameters(
        wire.provider, response_type=response_type, pkce=pkce, extra=MAX_AGE
    )
    ending = await wire.run(visit(wire.provider, parameters), "login")
    if isinstance(ending, Stopped) or ending.landing.error is not None:
        raise EvidenceError(f"a request for {response_type} is not served")
    authorized = Authorized(ending.landing, parameters, pkce)
    if authorized.code is not None:
        await wire.send(redemption(wire.provider, authorized), "tokens")
    await _ask(wire, authorized.access_token, "userinfo")


async def _ask(wire: Wire, access_token: str | None, step: str) -> None:
    """Use an access token where there is one and a place for it."""
    if access_token and wire.provider.has_endpoint("userinfo_endpoint"):
        await wire.send(userinfo_request(wire.provider, access_token), step)


def _registered(wire: Wire, response_type: str) -> None:
    """Raise Unsuited if the client is not set up for a response type."""
    client = wire.provider.client
    if all(set(one.split()) != set(response_type.split()) for one in client.response_types):
        raise Unsuited(f"the client {client.name} is not set up for {response_type}")
