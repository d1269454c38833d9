"""What a person sees of a registered client, and what its tokens are worth once it is deleted."""

from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.flows import authorize, redeem, refresh_request, userinfo_request
from idprobe.model.profile import Capability
from idprobe.probes import probe
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients

__all__ = ["registered_client_at_work"]

HOME: Final = "https://client.example"
SHOWN: Final[dict[str, Any]] = {
    "client_name": "Idprobe <i>Größe</i> Ωμέγα 株",
    "client_uri": f"{HOME}/about",
    "logo_uri": f"{HOME}/logo.png",
    "tos_uri": f"{HOME}/terms",
    "policy_uri": f"{HOME}/privacy",
}


@probe(
    needs={Capability.REGISTRATION, Capability.LOGIN, Capability.OPENID, Capability.USERINFO},
    logs_in=True,
)
async def registered_client_at_work(wire: Wire) -> None:
    """Log in to a registered client, `login`; use its token before and after it is deleted."""
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, **SHOWN)
        registration = await throwaway.register("register", metadata)
        provider = wire.provider.with_client(registration.client("registered", metadata))
        authorized = await wire.run(authorize(provider, scope="openid"), "login")
        tokens = await wire.run(redeem(provider, authorized), "tokens")
        await wire.send(userinfo_request(provider, tokens.access_token), "userinfo-before")
        if registration.uri is None:
            return
        await throwaway.manage("delete", "DELETE", registration)
        await wire.send(userinfo_request(provider, tokens.access_token), "userinfo-after")
        if tokens.refresh_token is not None:
            await wire.send(refresh_request(provider, tokens.refresh_token), "refresh-after")
