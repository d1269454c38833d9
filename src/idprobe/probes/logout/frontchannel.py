"""Logouts that the browser carries to the clients of a session (Front-Channel Logout 1.0)."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorize, redeem
from idprobe.model.profile import Capability, Role
from idprobe.probes import Depth, probe
from idprobe.probes.logout.logout_notices import SESSION, enrol, join, part
from idprobe.probes.steps.throwaway_clients import throwaway_clients

__all__ = [
    "FRONTCHANNEL_URI",
    "OTHER_FRONTCHANNEL_URI",
    "frontchannel_logout",
    "many_sessions",
    "sessions_apart",
]

ANNOUNCED: Final = "frontchannel_logout_supported"
FRONTCHANNEL_URI: Final = "https://client.example/front"
OTHER: Final = "https://other.client.example"
OTHER_FRONTCHANNEL_URI: Final = f"{OTHER}/front"
MANY: Final = 25
BY_CODE: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})


@probe(needs=SESSION, logs_in=True)
async def frontchannel_logout(wire: Wire) -> None:
    """Log in to two clients with frontchannel_logout_uri in one browser, and log out: `logout`.

    The first has a query in its logout URI and wants iss and sid.
    """
    if wire.provider.metadata.get(ANNOUNCED) is not True:
        raise Unsuited(f"{ANNOUNCED} is not true in the metadata")
    async with throwaway_clients(wire) as throwaway:
        wanting = {"frontchannel_logout_session_required": True}
        one = await enrol(
            throwaway, "one", frontchannel_logout_uri=f"{FRONTCHANNEL_URI}?a=1", **wanting
        )
        uris = {
            "redirect_uris": [f"{OTHER}/cb"],
            "frontchannel_logout_uri": OTHER_FRONTCHANNEL_URI,
        }
        other = await enrol(throwaway, "other", **uris)
        token = await join(wire, one, "one")
        await join(wire, other, "other")
        await part(wire, one, token, "logout")


@probe(role=Role.WEB, needs=BY_CODE, logs_in=True)
async def sessions_apart(wire: Wire) -> None:
    """Log in twice in one browser, `first` and `same`, and once in another: `other`."""
    await _session(wire, "first")
    await _session(wire, "same")
    wire.fresh_browser()
    await _session(wire, "other")


@probe(role=Role.WEB, needs=BY_CODE, logs_in=True, depth=Depth.DEEP)
async def many_sessions(wire: Wire) -> None:
    """Log in in many browsers, one after the other: `session/NUMBER`."""
    for number in range(MANY):
        wire.fresh_browser()
        await _session(wire, f"session/{number}")


async def _session(wire: Wire, step: str) -> None:
    authorized = await wire.run(authorize(wire.provider, scope="openid"), f"login-{step}")
    await wire.run(redeem(wire.provider, authorized), step)
