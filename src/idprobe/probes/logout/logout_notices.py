"""Logouts that the clients of a session are told of, behind the browser's back (Back-Channel)."""

from typing import Any, Final

from idprobe.client.listener import Reply
from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, Unsuited
from idprobe.flows import authorize, redeem, refresh_request
from idprobe.flows.logout import leave
from idprobe.flows.registration import registration_of
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import plain_scope
from idprobe.probes.steps.throwaway_clients import ThrowawayClients, metadata_for, throwaway_clients
from idprobe.probes.tokens.protection import encrypted_id_token

__all__ = [
    "SESSION",
    "backchannel_and_redirect",
    "backchannel_answers",
    "backchannel_encrypted",
    "backchannel_logout",
    "backchannel_unsigned",
    "enrol",
    "join",
    "logout_uris_registered",
    "part",
    "tokens_after_logout",
]

SESSION: Final = frozenset(
    {
        Capability.REGISTRATION,
        Capability.AUTHORIZATION_CODE,
        Capability.OPENID,
        Capability.END_SESSION,
    }
)
BACK: Final = SESSION | {Capability.LISTENER}
ANNOUNCED: Final = "backchannel_logout_supported"
ALGORITHMS: Final = "id_token_signing_alg_values_supported"
GOOD: Final = "https://client.example/out"


async def enrol(throwaway: ThrowawayClients, step: str, **members: Any) -> Provider:
    """Register a client that wants to be told of logouts."""
    metadata = metadata_for(throwaway.wire.provider, **members)
    registration = await throwaway.register(f"register-{step}", metadata)
    client = registration.client(step, {**metadata, "scope": "openid"})
    return throwaway.wire.provider.with_client(client)


async def join(wire: Wire, provider: Provider, step: str) -> str:
    """Log in to a client and return its ID Token, of the step `tokens-STEP`."""
    authorized = await wire.run(authorize(provider, scope="openid"), f"login-{step}")
    tokens = await wire.run(redeem(provider, authorized), f"tokens-{step}")
    if tokens.id_token is None:
        raise Unsuited("the token response has no ID Token")
    return tokens.id_token


async def part(wire: Wire, provider: Provider, id_token: str, step: str) -> None:
    """Log out at the server for a client, saying yes if asked."""
    await wire.run(leave(provider, [("id_token_hint", id_token)]), step)


def _announced(wire: Wire) -> None:
    if wire.provider.metadata.get(ANNOUNCED) is not True:
        raise Unsuited(f"{ANNOUNCED} is not true in the metadata")


def _other_algorithm(wire: Wire) -> dict[str, str]:
    """Return what makes the ID Tokens of a client ES256 where the server has that."""
    listed = wire.provider.metadata.get(ALGORITHMS)
    has_other = isinstance(listed, list) and "ES256" in listed
    return {"id_token_signed_response_alg": "ES256"} if has_other else {}


@probe(needs=BACK, logs_in=True)
async def backchannel_logout(wire: Wire) -> None:
    """Log in to two clients in one browser and log out, twice: `told`, `told-other`, `told-again`.

    The first has a query in its logout URI and wants sid; the other may have ID Tokens of ES256.
    """
    _announced(wire)
    async with throwaway_clients(wire) as throwaway:
        places = wire.listen("told", Reply(), "?a=1"), wire.listen("told-other", Reply())
        wanting = {"backchannel_logout_session_required": True}
        uris = [place.url for place in places]
        one = await enrol(throwaway, "one", backchannel_logout_uri=uris[0], **wanting)
        further = _other_algorithm(wire)
        other = await enrol(throwaway, "other", backchannel_logout_uri=uris[1], **further)
        token = await join(wire, one, "one")
        await join(wire, other, "other")
        await part(wire, one, token, "logout")
        for place in places:
            await place.called(wire.effort.arrival_s)
        token = await join(wire, one, "again")
        await part(wire, one, token, "logout-again")
        await places[0].called(wire.effort.arrival_s, times=2)


@probe(needs=BACK, logs_in=True)
async def backchannel_and_redirect(wire: Wire) -> None:
    """Log in to two clients, and out by one that wants its user back: `logout`.

    The calls are `told` and `told-other`.
    """
    _announced(wire)
    async with throwaway_clients(wire) as throwaway:
        places = wire.listen("told", Reply()), wire.listen("told-other", Reply())
        back: dict[str, Any] = {"post_logout_redirect_uris": [GOOD]}
        one = await enrol(throwaway, "one", backchannel_logout_uri=places[0].url, **back)
        other = await enrol(throwaway, "other", backchannel_logout_uri=places[1].url)
        token = await join(wire, one, "one")
        await join(wire, other, "other")
        asked = [("id_token_hint", token), ("post_logout_redirect_uri", GOOD)]
        await wire.run(leave(one, asked), "logout")
        for place in places:
            await place.called(wire.effort.arrival_s)


@probe(needs=BACK, logs_in=True)
async def backchannel_encrypted(wire: Wire) -> None:
    """Register a client whose ID Tokens are encrypted, and log out: `told`."""
    _announced(wire)
    members = encrypted_id_token(wire)
    async with throwaway_clients(wire) as throwaway:
        place = wire.listen("told", Reply())
        provider = await enrol(throwaway, "encrypted", backchannel_logout_uri=place.url, **members)
        await join(wire, provider, "encrypted")
        await wire.run(leave(provider, [("client_id", provider.client.client_id)]), "logout")
        await place.called(wire.effort.arrival_s)


@probe(needs=BACK, logs_in=True)
async def backchannel_unsigned(wire: Wire) -> None:
    """Register a client whose ID Tokens are unsigned, where one may, and log out: `told`."""
    _announced(wire)
    async with throwaway_clients(wire) as throwaway:
        place = wire.listen("told", Reply())
        members = {"backchannel_logout_uri": place.url, "id_token_signed_response_alg": "none"}
        metadata = metadata_for(wire.provider, **members)
        registration = registration_of(await throwaway.enter("register", metadata))
        if registration is None:
            raise Unsuited("the server registers no client with unsigned ID Tokens")
        client = registration.client("unsigned", {**metadata, "scope": "openid"})
        provider = wire.provider.with_client(client)
        offered = wire.provider.metadata.get("id_token_signing_alg_values_supported", ())
        try:
            await join(wire, provider, "unsigned")
        except ControlFailed:
            if "none" in offered:
                raise
            raise Unsuited(
                "the server does not offer unsigned ID Tokens, and issues none"
            ) from None
        await wire.run(leave(provider, [("client_id", client.client_id)]), "logout")
        await place.called(wire.effort.arrival_s)


@probe(needs=BACK, logs_in=True, depth=Depth.FULL)
async def backchannel_answers(wire: Wire) -> None:
    """Answer Logout Tokens with 200, 204, 400 and 503 and wait: `told-STATUS`, maybe repeated."""
    _announced(wire)
    async with throwaway_clients(wire) as throwaway:
        places = {s: wire.listen(f"told-{s}", Reply(s)) for s in (200, 204, 400, 503)}
        sessions: list[tuple[Provider, str]] = []
        for status, place in places.items():
            provider = await enrol(throwaway, str(status), backchannel_logout_uri=place.url)
            sessions.append((provider, await join(wire, provider, str(status))))
        await part(wire, *sessions[-1], "logout")
        for place in places.values():
            await place.called(wire.effort.arrival_s)
        await places[200].called(wire.provider.profile.limits.max_wait_s, times=2)


@probe(role=Role.WEB, needs=SESSION - {Capability.REGISTRATION}, logs_in=True, exclusive=True)
async def tokens_after_logout(wire: Wire) -> None:
    """Refresh tokens after a logout: with offline_access, `offline`; without it, `online`."""
    provider = wire.provider
    scopes = {"online": "openid", "offline": "openid offline_access"}
    if "offline_access" not in plain_scope(provider) and "offline_access" not in (
        provider.client.scopes
    ):
        del scopes["offline"]
    refreshing, hint = {}, ""
    for name, scope in scopes.items():
        consent = (("prompt", "consent"),) if name == "offline" else ()
        flow = authorize(provider, scope=scope, extra=consent)
        tokens = await wire.run(redeem(provider, await wire.run(flow, f"login-{name}")), name)
        hint = tokens.id_token or hint
        if tokens.refresh_token is not None:
            refreshing[name] = tokens.refresh_token
    await wire.run(leave(provider, [("id_token_hint", hint)]), "logout")
    for name, token in refreshing.items():
        await wire.send(refresh_request(provider, token), f"refresh-{name}")


@probe(needs={Capability.REGISTRATION, Capability.END_SESSION})
async def logout_uris_registered(wire: Wire) -> None:
    """Register logout URIs: good ones, `back` and `front`, and such with one fault, `back-FAULT`.

    The faults: relative, fragment, http for a public client, for the front channel another origin.
    """
    async with throwaway_clients(wire) as throwaway:
        for channel in ("back", "front"):
            if wire.provider.metadata.get(f"{channel}channel_logout_supported") is not True:
                continue
            member = f"{channel}channel_logout_uri"
            await throwaway.enter(channel, metadata_for(wire.provider, **{member: GOOD}))
            faults: dict[str, dict[str, Any]] = {
                "relative": {member: "/out"},
                "fragment": {member: f"{GOOD}#x"},
                "plain": {
                    member: GOOD.replace("https:", "http:"),
                    "token_endpoint_auth_method": "none",
                },
            }
            if channel == "front":
                faults["origin"] = {member: "https://attacker.idprobe.example/out"}
            for fault, members in faults.items():
                await throwaway.offer(f"{channel}-{fault}", metadata_for(wire.provider, **members))
