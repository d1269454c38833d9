"""Answers that one window posts to another (response_mode=web_message)."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import visit
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import approval, is_openid, ordinary

__all__ = ["web_messages"]

ATTACKER: Final = "https://attacker.idprobe.example/cb"
MODE: Final = (("response_mode", "web_message"),)
SILENT: Final = (("prompt", "none"),)


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def web_messages(wire: Wire) -> None:
    """Take an answer by message, `own`; then ask for one to other origins: `foreign`, `port`."""
    modes = wire.provider.metadata.get("response_modes_supported")
    if not isinstance(modes, list) or "web_message" not in modes:
        raise Unsuited("the metadata do not list the response mode web_message")
    await wire.run(approval(wire.provider), "authorize")
    silent = SILENT if is_openid(wire.provider) else ()
    own = wire.provider.client.redirect_uri
    scheme, _, rest = own.partition("://")
    host, slash, path = rest.partition("/")
    other_port = f"{scheme}://{host.partition(':')[0]}:51004{slash}{path}"
    for step, uri in {"own": own, "foreign": ATTACKER, "port": other_port}.items():
        extra = (*MODE, *silent, ("redirect_uri", uri))
        await wire.run(visit(wire.provider, ordinary(wire.provider, extra=extra), user=False), step)
