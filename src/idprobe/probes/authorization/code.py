"""The authorization code grant: what an honest client sees."""

from idprobe.client.wire import Wire
from idprobe.flows import authorize, redeem, redemption
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe

__all__ = ["code_answer", "code_redeemed"]


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def code_redeemed(wire: Wire) -> None:
    """Log in, take the code, trade it for tokens; steps `authorize` and `redeem`."""
    authorized = await wire.run(authorize(wire.provider))
    await wire.run(redeem(wire.provider, authorized))


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def code_answer(wire: Wire) -> None:
    """Trade a code and take whatever comes, so that its form can be judged; step `tokens`."""
    authorized = await wire.run(authorize(wire.provider))
    await wire.send(redemption(wire.provider, authorized), "tokens")
