"""Answers by the fragment: the implicit grant (RFC 6749 section 4.2), the hybrid flow."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import Authorized, authorize
from idprobe.flows.moves import Flow
from idprobe.model.profile import Capability, Client, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import (
    PRINTABLE,
    is_openid,
    ordinary,
    plain_scope,
    tried,
)

__all__ = ["hybrid_requests", "id_token_requests", "implicit_requests", "none_requests"]

UNKNOWN_SCOPE: Final = "idprobe_no_such_scope"
ATTACKER: Final = "https://attacker.idprobe.example/cb"


def _type_with(provider: Provider, *wanted: str) -> str:
    """Return the first of the response types that the client has; raises Unsuited without one."""
    own = {frozenset(one.split()): one for one in provider.client.response_types}
    for one in wanted:
        if frozenset(one.split()) in own:
            return own[frozenset(one.split())]
    raise Unsuited(f"the client {provider.client.name} has no response type {wanted[0]}")


def _granted(provider: Provider, response_type: str) -> Flow[Authorized]:
    """Return an answer that went well."""
    scope = plain_scope(provider)
    return authorize(provider, response_type=response_type, scope=scope, state=PRINTABLE)


async def _ask(
    wire: Wire, step: str, response_type: str, *extra: tuple[str, str], **how: bool
) -> None:
    """Ask with some values replaced, and take any ending."""
    pairs = ordinary(wire.provider, response_type=response_type, state=PRINTABLE, extra=extra)
    await tried(wire, step, pairs, **how)


async def _without_nonce(wire: Wire, response_type: str) -> None:
    pairs = ordinary(wire.provider, response_type=response_type, state=PRINTABLE, omit=("nonce",))
    await tried(wire, f"without-nonce {response_type}", pairs)


@probe(role=Role.IMPLICIT, needs={Capability.IMPLICIT}, logs_in=True)
async def implicit_requests(wire: Wire) -> None:
    """Take an access token by the fragment: `authorize`; then a step for each fault."""
    provider = wire.provider
    kind = _type_with(provider, "token", "id_token token")
    await wire.run(_granted(provider, kind), "authorize")
    uri = provider.client.redirect_uris[0]
    made_up = ("client_id", "idprobe-no-such-client")
    await _ask(wire, "malformed-scope", kind, ("scope", '"bad'))
    await _ask(wire, "offline", kind, ("scope", f"{plain_scope(provider)} offline_access".strip()))
    more = f"{plain_scope(provider)} {UNKNOWN_SCOPE}".strip()
    await _ask(wire, "unknown-scope", kind, ("scope", more))
    await _ask(wire, "foreign", kind, ("redirect_uri", ATTACKER))
    await _ask(wire, "added-query", kind, ("redirect_uri", f"{uri}?x=1"))
    await _ask(wire, "trailing-slash", kind, ("redirect_uri", f"{uri}/"))
    await _ask(wire, "unknown-client", kind, made_up, ("redirect_uri", ATTACKER))
    await _ask(wire, "by-query", kind, ("response_mode", "query"))
    if all(one.split() != ["code"] for one in provider.client.response_types):
        await _ask(wire, "code", "code")
    await wire.run(_granted(provider, kind), "control")


@probe(role=Role.IMPLICIT, needs={Capability.IMPLICIT, Capability.OPENID}, logs_in=True)
async def id_token_requests(wire: Wire) -> None:
    """Ask for an ID Token alone: `stranger`, `authorize`, by each mode, without nonce, `denied`."""
    kind = _type_with(wire.provider, "id_token")
    await _ask(wire, "stranger", kind, ("prompt", "none"), user=False)
    await wire.run(_granted(wire.provider, kind), "authorize")
    await _ask(wire, "by-query", kind, ("response_mode", "query"))
    await _ask(wire, "by-form_post", kind, ("response_mode", "form_post"))
    for one in wire.provider.client.response_types:
        if "id_token" in one.split() and "code" not in one.split():
            await _without_nonce(wire, one)
    await _ask(wire, "denied", kind, ("prompt", "consent"), deny=True)
    wire.fresh_browser()
    await wire.run(_granted(wire.provider, kind), "control")


@probe(needs={Capability.LOGIN}, logs_in=True)
async def none_requests(wire: Wire) -> None:
    """Ask for nothing, response_type=none: `granted`, `by-fragment`, `denied`, `stranger`."""
    wire.provider = provider = wire.provider.with_client(_client_with(wire.provider, "none"))
    plain = ordinary(provider, response_type="none")
    await tried(wire, "granted", plain)
    fragment = ordinary(provider, response_type="none", extra=(("response_mode", "fragment"),))
    await tried(wire, "by-fragment", fragment)
    consent = ordinary(provider, response_type="none", extra=(("prompt", "consent"),))
    await tried(wire, "denied", consent, deny=True)
    wire.fresh_browser()
    silent = ordinary(provider, response_type="none", extra=(("prompt", "none"),))
    await tried(wire, "stranger", silent, user=False)


def _client_with(provider: Provider, response_type: str) -> Client:
    """Return a client that is registered for a response type; raises Unsuited without one."""
    clients = provider.profile.clients.values()
    found = next((one for one in clients if response_type in one.response_types), None)
    if found is None:
        raise Unsuited(f"no client of the profile has the response type {response_type}")
    return found


@probe(role=Role.HYBRID, needs={Capability.HYBRID}, logs_in=True)
async def hybrid_requests(wire: Wire) -> None:
    """Ask by each hybrid response type: step `granted:TYPE`; by query: `query:TYPE`; and faults."""
    provider = wire.provider
    kinds = [one for one in provider.client.response_types if len(one.split()) > 1]
    if is_openid(provider):
        for kind in kinds:
            await _ask(wire, f"stranger:{kind}", kind, ("prompt", "none"), user=False)
    for kind in kinds:
        await wire.run(_granted(provider, kind), f"granted:{kind}")
        await _ask(wire, f"query:{kind}", kind, ("response_mode", "query"))
        backwards = " ".join(reversed(kind.split()))
        await _ask(wire, f"backwards:{kind}", backwards)
    with_id_token = next((kind for kind in kinds if "id_token" in kind.split()), kinds[0])
    await _ask(wire, "by-form_post", with_id_token, ("response_mode", "form_post"))
    if "id_token" in with_id_token.split():
        for kind in [one for one in kinds if "id_token" in one.split()]:
            await _without_nonce(wire, kind)
    code_token = next((kind for kind in kinds if set(kind.split()) == {"code", "token"}), None)
    if code_token is not None:
        pairs = ordinary(provider, response_type=code_token, omit=("nonce",))
        await tried(wire, "code-token-without-nonce", pairs)
    await wire.run(_granted(provider, kinds[0]), "control")
